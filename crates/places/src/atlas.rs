//! A database in MaxMind's format (MaxMind DB File Format 2.0): its bytes in, where an address is out. Only what has
//! coordinates is of use.

use std::{fmt, net::IpAddr};

use maxminddb::Reader;
use model::{Places, Spot};
use serde::Deserialize;

/// How far off a place may be when the database does not say, in km.
const RADIUS_KM: f32 = 200.0;
/// Kinds of databases that have no coordinates.
const WITHOUT: [&str; 7] = ["ASN", "Country", "ISP", "Anonymous", "Domain", "Connection", "User-Count"];

/// A database in memory.
pub(crate) struct Atlas(Reader<Vec<u8>>);

#[derive(Deserialize)]
struct Record<'a> {
    location: Option<Location>,
    #[serde(borrow)]
    country: Option<Country<'a>>,
}

#[derive(Deserialize)]
struct Location {
    latitude: Option<f64>,
    longitude: Option<f64>,
    accuracy_radius: Option<u16>,
}

#[derive(Deserialize)]
struct Country<'a> {
    iso_code: Option<&'a str>,
}

impl Atlas {
    pub(crate) fn new(bytes: Vec<u8>) -> Result<Self, String> {
        let remedy =
            "name a city database in MaxMind's format, such as GeoLite2-City.mmdb or dbip-city-lite.mmdb";
        let reader = Reader::from_source(bytes)
            .map_err(|error| format!("is no database of places: {error}; {remedy}"))?;
        let kind = &reader.metadata().database_type;
        if WITHOUT.iter().any(|without| kind.contains(without)) {
            return Err(format!("is of the kind {kind:?}, which has no coordinates; {remedy}"));
        }
        Ok(Self(reader))
    }
}

impl fmt::Debug for Atlas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Atlas").field(&self.0.metadata().database_type).finish()
    }
}

impl Places for Atlas {
    fn find(&self, address: IpAddr) -> Option<Spot> {
        // An IPv6 address in a database of IPv4, or a broken record, is a place that nobody knows.
        let record: Record<'_> = self.0.lookup(address).ok()?.decode().ok()??;
        let Location { latitude, longitude, accuracy_radius } = record.location?;
        #[expect(clippy::cast_possible_truncation, reason = "metres do not matter")]
        let [latitude, longitude] = [latitude? as f32, longitude? as f32];
        if !((-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude)) {
            return None;
        }
        let code = record.country.and_then(|country| country.iso_code).unwrap_or_default();
        let country = <[u8; 2]>::try_from(code.as_bytes()).unwrap_or_default();
        let radius_km = accuracy_radius.map_or(RADIUS_KM, f32::from);
        Some(Spot { latitude, longitude, radius_km, country })
    }
}
