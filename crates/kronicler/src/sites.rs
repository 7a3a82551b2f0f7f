//! Sites: the places in a program that capture, each a name with its file and line.
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
}

/// All sites of a database. Bounded like the names of a lane.
#[derive(Debug, Default)]
pub(crate) struct Sites {
    sites: Vec<Site>,
    by_name: HashMap<Arc<str>, u32>,
}

impl Sites {
    /// The site of a name that its user has chosen: the same name is the same site.
    pub fn explicit(&mut self, name: &str, source: &str) -> u32 {
        let name = fit_name(name);
        if let Some(&site) = self.by_name.get(name.as_ref()) {
            return site;
        }
        if self.sites.len() + 1 >= NAME_COUNT_MAX as usize && name != OTHER_NAME {
            return self.explicit(OTHER_NAME, "");
        }
        let site = u32::try_from(self.sites.len()).unwrap_or(u32::MAX);
        let name: Arc<str> = name.as_ref().into();
        self.sites.push(Site { name: Arc::clone(&name), source: fit_name(source).as_ref().into() });
        self.by_name.insert(name, site);
        site
    }

    /// The site of a name that was taken from a function. Another function of the same name gets
    /// its place added, one without a name has only its place.
    pub fn implicit(&mut self, name: &str, source: &str) -> u32 {
        if name.is_empty() {
            return self.explicit(if source.is_empty() { "anonymous" } else { source }, source);
        }
        let known =
            self.by_name.get(fit_name(name).as_ref()).map(|&site| &self.sites[site as usize]);
        match known {
            Some(known) if *known.source != *fit_name(source) && !source.is_empty() => {
                self.explicit(&format!("{name} ({source})"), source)
            }
            _ => self.explicit(name, source),
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
        let first = sites.implicit("get", "a.js:1");
        assert_eq!(sites.implicit("get", "a.js:1"), first);
        let second = sites.implicit("get", "b.js:9");
        assert_eq!(&*sites.get(second).unwrap().name, "get (b.js:9)");
        assert_eq!(sites.explicit("get", "c.js:3"), first);
        let anonymous = sites.implicit("", "c.js:7");
        assert_eq!(&*sites.get(anonymous).unwrap().name, "c.js:7");
    }
}
