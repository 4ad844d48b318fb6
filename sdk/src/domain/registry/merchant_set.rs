//! Where money may be spent.

use super::Merchant;
use alloc::vec::Vec;

/// Entries that each list of a set may have.
const LIST_MAX: usize = 64;

/// A place in the tree of categories: up to four levels, each a number from 1; 0 ends it.
///
/// `[5, 2, 0, 0]` is a branch, and everything that begins with 5, 2 is under it. `[0; 4]` is the
/// root.
#[crate::ty(key)]
#[derive(Copy, PartialOrd, Ord)]
pub struct Category(pub [u8; 4]);

impl Category {
    /// Whether it is the branch or under it.
    ///
    /// # Example
    /// ```
    /// use dure_sdk::domain::registry::Category;
    /// assert!(Category([5, 2, 1, 0]).is_under(Category([5, 2, 0, 0])));
    /// assert!(!Category([5, 0, 0, 0]).is_under(Category([5, 2, 0, 0])));
    /// ```
    #[must_use]
    pub fn is_under(self, branch: Self) -> bool {
        let mut levels = self.0.iter().zip(&branch.0).take_while(|(_, of_branch)| **of_branch != 0);
        levels.all(|(own, of_branch)| own == of_branch)
    }

    /// Whether nothing follows its end: `[5, 0, 2, 0]` is no category.
    #[must_use]
    pub fn is_valid(self) -> bool {
        self.0.iter().skip_while(|level| **level != 0).all(|level| *level == 0)
    }
}

/// Says why a merchant is not in a set.
#[crate::ty]
#[derive(Copy)]
pub enum NotPermitted {
    /// The set is of other regions.
    Region {
        /// The merchant's.
        region: u32,
    },
    /// The set allows other categories.
    Category {
        /// The merchant's.
        category: Category,
    },
    /// The set denies the category.
    Denied {
        /// The merchant's.
        category: Category,
        /// The branch that is denied.
        branch: Category,
    },
    /// The merchant sells too much.
    Tier {
        /// The merchant's.
        tier: u8,
        /// The highest of the set.
        limit: u8,
    },
    /// The merchant is not a member of a group of the set.
    Group {
        /// That group.
        group: u32,
    },
}

/// Says why this is no set.
#[crate::ty]
#[derive(Copy)]
pub enum MerchantSetError {
    /// A list is too long.
    TooLong {
        /// How many entries it has.
        count: u32,
        /// How many it may have.
        limit: u32,
    },
    /// Not a place in the tree.
    BadCategory {
        /// What was given.
        category: Category,
    },
}

/// Where money may be spent. Every condition must hold.
#[crate::ty]
pub struct MerchantSet {
    /// Regions; empty for every region.
    pub regions: Vec<u32>,
    /// Branches of categories that are allowed; empty for all.
    pub allowed: Vec<Category>,
    /// Branches that are denied, even within allowed ones.
    pub denied: Vec<Category>,
    /// The highest tier of sales.
    pub tier_max: u8,
    /// Groups, of each of which the merchant must be a member.
    pub groups: Vec<u32>,
}

impl MerchantSet {
    /// Every merchant.
    pub const EVERYWHERE: Self = Self {
        regions: Vec::new(),
        allowed: Vec::new(),
        denied: Vec::new(),
        tier_max: u8::MAX,
        groups: Vec::new(),
    };

    /// Checks a set that came from outside.
    ///
    /// # Errors
    /// `TooLong` and `BadCategory`.
    pub fn check(&self) -> Result<(), MerchantSetError> {
        let lists = [self.regions.len(), self.allowed.len(), self.denied.len(), self.groups.len()];
        for length in lists {
            let (count, limit) = (u32::try_from(length).unwrap_or(u32::MAX), LIST_MAX as u32);
            crate::ensure!(count <= limit, MerchantSetError::TooLong { count, limit });
        }
        let mut categories = self.allowed.iter().chain(&self.denied);
        match categories.find(|category| !category.is_valid()) {
            Some(category) => Err(MerchantSetError::BadCategory { category: *category }),
            None => Ok(()),
        }
    }

    /// Says whether a merchant is in the set; `member` is whether it is in a group.
    ///
    /// # Errors
    /// The first condition that does not hold.
    pub fn permits(
        &self,
        merchant: &Merchant,
        member: impl Fn(u32) -> bool,
    ) -> Result<(), NotPermitted> {
        let Merchant { region, category, tier, .. } = *merchant;
        let here = self.regions.is_empty() || self.regions.contains(&region);
        crate::ensure!(here, NotPermitted::Region { region });
        let allowed =
            self.allowed.is_empty() || self.allowed.iter().any(|branch| category.is_under(*branch));
        crate::ensure!(allowed, NotPermitted::Category { category });
        if let Some(branch) = self.denied.iter().find(|branch| category.is_under(**branch)) {
            return Err(NotPermitted::Denied { category, branch: *branch });
        }
        let limit = self.tier_max;
        crate::ensure!(tier <= limit, NotPermitted::Tier { tier, limit });
        match self.groups.iter().find(|group| !member(**group)) {
            Some(group) => Err(NotPermitted::Group { group: *group }),
            None => Ok(()),
        }
    }

    /// Whether it surely permits every merchant that the other permits.
    ///
    /// Condition by condition: of sets of which several conditions together make one the wider, it
    /// may say no.
    ///
    /// # Example
    /// ```
    /// use dure_sdk::domain::registry::{Category, MerchantSet};
    /// let food = MerchantSet {
    ///     regions: vec![41_570],
    ///     allowed: vec![Category([5, 0, 0, 0])],
    ///     ..MerchantSet::EVERYWHERE
    /// };
    /// let noodles = MerchantSet { allowed: vec![Category([5, 2, 0, 0])], ..food.clone() };
    /// assert!(food.includes(&noodles) && !noodles.includes(&food));
    /// ```
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        let regions = self.regions.is_empty()
            || !other.regions.is_empty()
                && other.regions.iter().all(|region| self.regions.contains(region));
        let under = |branches: &[Category], category: &Category| {
            branches.iter().any(|branch| category.is_under(*branch))
        };
        let allowed = self.allowed.is_empty()
            || !other.allowed.is_empty()
                && other.allowed.iter().all(|branch| under(&self.allowed, branch));
        let denied = self.denied.iter().all(|branch| under(&other.denied, branch));
        let groups = self.groups.iter().all(|group| other.groups.contains(group));
        regions && allowed && denied && groups && self.tier_max >= other.tier_max
    }

    /// The set that permits exactly what both permit; `None` when that is nobody.
    ///
    /// A giver or guardian narrows so what the issuer permits, and cannot widen it (C15).
    ///
    /// # Example
    /// ```
    /// use dure_sdk::domain::registry::{Category, MerchantSet};
    /// let books = MerchantSet {
    ///     allowed: vec![Category([5, 2, 0, 0])],
    ///     ..MerchantSet::EVERYWHERE
    /// };
    /// let school = MerchantSet { allowed: vec![Category([5, 0, 0, 0])], ..books.clone() };
    /// assert_eq!(school.narrowed(&books), Some(books.clone()));
    /// let games = MerchantSet { allowed: vec![Category([9, 0, 0, 0])], ..books };
    /// assert_eq!(school.narrowed(&games), None);
    /// ```
    #[must_use]
    pub fn narrowed(&self, by: &Self) -> Option<Self> {
        let regions = both(&self.regions, &by.regions, |a, b| (a == b).then_some(*a))?;
        let mut allowed = both(&self.allowed, &by.allowed, |a, b| {
            if a.is_under(*b) { Some(*a) } else { b.is_under(*a).then_some(*b) }
        })?;
        let (mut denied, mut groups) = (self.denied.clone(), self.groups.clone());
        denied.extend(by.denied.iter().filter(|branch| !self.denied.contains(branch)));
        // A branch of which something is denied has at least itself left, unless all of it is.
        let is_denied = |branch: &Category| denied.iter().any(|it| branch.is_under(*it));
        let everything = allowed.is_empty();
        allowed.retain(|branch| !is_denied(branch));
        let nobody = if everything { is_denied(&Category([0; 4])) } else { allowed.is_empty() };
        if nobody {
            return None;
        }
        groups.extend(by.groups.iter().filter(|group| !self.groups.contains(group)));
        let tier_max = self.tier_max.min(by.tier_max);
        Some(Self { regions, allowed, denied, tier_max, groups })
    }
}

/// What two lists have in common, where an empty list is everything; `None` when it is nothing.
fn both<T: Copy + PartialEq>(
    a: &[T],
    b: &[T],
    common: impl Fn(&T, &T) -> Option<T>,
) -> Option<Vec<T>> {
    if a.is_empty() || b.is_empty() {
        return Some([a, b].concat());
    }
    let mut found = Vec::new();
    for value in a.iter().flat_map(|a| b.iter().filter_map(|b| common(a, b))) {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    (!found.is_empty()).then_some(found)
}
