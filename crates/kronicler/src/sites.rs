//! Sites: the places in a program that capture, each a name with its file and line, and how many
//! calls a record of it stands for.
//!
//! A record carries the index of its site; the drain turns it into a series of the lane.

use std::collections::HashMap;
use std::sync::Arc;

use kronicler_format::fit_name;
use kronicler_format::limits::{NAME_COUNT_MAX, OTHER_NAME};

/// A place that captures.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub name: Arc<str>,
    pub source: Arc<str>,
    /// Calls that a record stands for.
    pub weight: u32,
}

/// All sites of a database. Bounded like the names of a lane.
#[derive(Debug, Default)]
pub(crate) struct Sites {
    sites: Vec<Site>,
    /// The sites of a name, one for each weight.
    by_name: HashMap<Arc<str>, Vec<u32>>,
}

impl Sites {
    /// The site of a name that its user has chosen: the same name is the same site.
    pub fn explicit(&mut self, name: &str, source: &str, weight: u32) -> u32 {
        let name = fit_name(name);
        let known = self.by_name.get(name.as_ref()).map_or(&[][..], Vec::as_slice);
        if let Some(&site) = known.iter().find(|&&site| self.weight(site) == Some(weight)) {
            return site;
        }
        if self.sites.len() + 1 >= NAME_COUNT_MAX as usize && name != OTHER_NAME {
            return self.explicit(OTHER_NAME, "", weight);
        }
        let site = u32::try_from(self.sites.len()).unwrap_or(u32::MAX);
        let name: Arc<str> = name.as_ref().into();
        let source = fit_name(source).as_ref().into();
        self.sites.push(Site { name: Arc::clone(&name), source, weight });
        self.by_name.entry(name).or_default().push(site);
        site
    }

    fn weight(&self, site: u32) -> Option<u32> {
        self.get(site).map(|site| site.weight)
    }

    /// The site of a name that was taken from a function. Another function of the same name gets
    /// its place added, one without a name has only its place.
    pub fn implicit(&mut self, name: &str, source: &str, weight: u32) -> u32 {
        if name.is_empty() {
            let name = if source.is_empty() { "anonymous" } else { source };
            return self.explicit(name, source, weight);
        }
        let known = self.by_name.get(fit_name(name).as_ref()).and_then(|sites| sites.first());
        match known.and_then(|&site| self.get(site)) {
            Some(known) if *known.source != *fit_name(source) && !source.is_empty() => {
                self.explicit(&format!("{name} ({source})"), source, weight)
            }
            _ => self.explicit(name, source, weight),
        }
    }

    pub fn get(&self, site: u32) -> Option<&Site> {
        self.sites.get(site as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_one_name_stay_apart_and_chosen_names_do_not() {
        // Promise: explicit names win; clashing and anonymous functions get file:line.
        let mut sites = Sites::default();
        let first = sites.implicit("get", "a.js:1", 1);
        assert_eq!(sites.implicit("get", "a.js:1", 1), first);
        let second = sites.implicit("get", "b.js:9", 1);
        assert_eq!(&*sites.get(second).unwrap().name, "get (b.js:9)");
        assert_eq!(sites.explicit("get", "c.js:3", 1), first);
        let anonymous = sites.implicit("", "c.js:7", 1);
        assert_eq!(&*sites.get(anonymous).unwrap().name, "c.js:7");
    }

    #[test]
    fn a_name_has_a_site_for_each_weight() {
        // Promise: records that stand for one call and for many are told apart, names are not.
        let mut sites = Sites::default();
        let one = sites.explicit("get", "a.js:1", 1);
        let ten = sites.explicit("get", "a.js:1", 10);
        assert_ne!(one, ten);
        assert_eq!(sites.implicit("get", "a.js:1", 10), ten);
        assert_eq!(sites.get(ten).map(|site| (&*site.name, site.weight)), Some(("get", 10)));
    }
}
