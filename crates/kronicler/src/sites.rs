//! Sites: the places in a program that capture, each a name with its file and line, and what all
//! its records have in common besides.
//!
//! A record carries the index of its site; the drain turns it into a series of the lane.

use std::collections::HashMap;
use std::sync::Arc;

use kronicler_format::fit_name;
use kronicler_format::limits::{NAME_COUNT_MAX, OTHER_NAME};

/// What the records of a site have in common besides their name; sites of one name and different
/// forms are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteForm {
    /// Calls that a record stands for: itself and those that were not recorded. Statistics count
    /// it so often. At least 1.
    pub weight: u32,
    /// First digit of the http status, 0 when there is none.
    pub status_class: u8,
    /// Above which duration a call is slow; without one the slowest hundredth is.
    pub slow_ns: Option<u64>,
}

impl Default for SiteForm {
    fn default() -> Self {
        Self { weight: 1, status_class: 0, slow_ns: None }
    }
}

/// A place that captures.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub name: Arc<str>,
    pub source: Arc<str>,
    pub form: SiteForm,
}

/// All sites of a database. Bounded like the names of a lane.
#[derive(Debug, Default)]
pub(crate) struct Sites {
    sites: Vec<Site>,
    /// The sites of a name, one for each form.
    by_name: HashMap<Arc<str>, Vec<u32>>,
}

impl Sites {
    /// The site of a name that its user has chosen: the same name is the same site.
    pub fn explicit(&mut self, name: &str, source: &str, form: SiteForm) -> u32 {
        let name = fit_name(name);
        let known = self.by_name.get(name.as_ref()).map_or(&[][..], Vec::as_slice);
        if let Some(&site) = known.iter().find(|&&site| self.form(site) == Some(form)) {
            return site;
        }
        if self.sites.len() + 1 >= NAME_COUNT_MAX as usize && name != OTHER_NAME {
            return self.explicit(OTHER_NAME, "", form);
        }
        let site = u32::try_from(self.sites.len()).unwrap_or(u32::MAX);
        let name: Arc<str> = name.as_ref().into();
        let source = fit_name(source).as_ref().into();
        self.sites.push(Site { name: Arc::clone(&name), source, form });
        self.by_name.entry(name).or_default().push(site);
        site
    }

    fn form(&self, site: u32) -> Option<SiteForm> {
        self.get(site).map(|site| site.form)
    }

    /// The site of a name that was taken from a function. Another function of the same name gets
    /// its place added, one without a name has only its place.
    pub fn implicit(&mut self, name: &str, source: &str, form: SiteForm) -> u32 {
        if name.is_empty() {
            let name = if source.is_empty() { "anonymous" } else { source };
            return self.explicit(name, source, form);
        }
        let known = self.by_name.get(fit_name(name).as_ref()).and_then(|sites| sites.first());
        match known.and_then(|&site| self.get(site)) {
            Some(known) if *known.source != *fit_name(source) && !source.is_empty() => {
                self.explicit(&format!("{name} ({source})"), source, form)
            }
            _ => self.explicit(name, source, form),
        }
    }

    pub fn get(&self, site: u32) -> Option<&Site> {
        self.sites.get(site as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: SiteForm = SiteForm { weight: 1, status_class: 0, slow_ns: None };

    #[test]
    fn functions_of_one_name_stay_apart_and_chosen_names_do_not() {
        // Promise: explicit names win; clashing and anonymous functions get file:line.
        let mut sites = Sites::default();
        let first = sites.implicit("get", "a.js:1", ONE);
        assert_eq!(sites.implicit("get", "a.js:1", ONE), first);
        let second = sites.implicit("get", "b.js:9", ONE);
        assert_eq!(&*sites.get(second).unwrap().name, "get (b.js:9)");
        assert_eq!(sites.explicit("get", "c.js:3", ONE), first);
        let anonymous = sites.implicit("", "c.js:7", ONE);
        assert_eq!(&*sites.get(anonymous).unwrap().name, "c.js:7");
    }

    #[test]
    fn a_name_has_a_site_for_each_form() {
        // Promise: records that stand for one call and for many are told apart, and answers of
        // different status classes; names are not.
        let ten_calls = SiteForm { weight: 10, ..ONE };
        let redirect = SiteForm { status_class: 3, ..ONE };
        let mut sites = Sites::default();
        let one = sites.explicit("get", "a.js:1", ONE);
        let ten = sites.explicit("get", "a.js:1", ten_calls);
        assert_ne!(one, ten);
        assert_eq!(sites.implicit("get", "a.js:1", ten_calls), ten);
        assert!(![one, ten].contains(&sites.explicit("get", "a.js:1", redirect)));
        assert_eq!(sites.get(ten).map(|site| (&*site.name, site.form)), Some(("get", ten_calls)));
    }
}
