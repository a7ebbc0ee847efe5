//! The human in the embedded signup popup of Genesys Cloud's user interface: it verifies the number
//! at Meta, if nobody has, and makes the integration.
//!
//! Refused is what Genesys and Meta refuse there: a number that another integration still holds, one
//! whose two-step verification is on in the account that it leaves.
//!
//! Source: <https://help.mypurecloud.com/?p=310549>

use super::{
    integrations, life,
    organization::{Organization, Signup},
    words::SignupVersion,
};
use crate::{
    ids::{AppId, PhoneNumberId, WabaId},
    phone::Phone,
    secret::Secret,
    sim::{
        rules::add,
        seed,
        signup::SignupRefused,
        words::{CodeVerification, NameStatus},
        world::World,
    },
};

/// What somebody chooses in the popup.
#[derive(Clone, Debug)]
pub struct Popup {
    /// The account.
    pub waba: WabaId,
    /// The number.
    pub phone: Phone,
    /// The name of the integration; absent: the number's verified name.
    pub name: Option<String>,
    /// The version of the popup; absent: the organization's.
    pub version: Option<SignupVersion>,
    /// Activates as well, with this PIN.
    pub pin: Option<Secret>,
    /// Whether the number may be new to WhatsApp.
    pub is_new: bool,
    /// Whether the popup hands out a token for the API instead of making the integration.
    pub only_token: bool,
}

impl Popup {
    /// Makes a popup in which nothing is chosen but account and number.
    pub fn of(waba: WabaId, phone: Phone) -> Self {
        Self {
            waba,
            phone,
            name: None,
            version: None,
            pin: None,
            is_new: false,
            only_token: false,
        }
    }
}

/// What came of a popup.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The number's id on the account.
    pub phone_number: PhoneNumberId,
    /// The integration.
    pub integration: Option<String>,
    /// The token, where no integration was made.
    pub token: Option<Secret>,
}

/// Why the popup does not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PopupRefused {
    /// The world has none.
    #[error("this world has no Genesys Cloud organization")]
    NoOrganization,
    /// The organization did not buy it.
    #[error("the organization has no WhatsApp product")]
    NoProduct,
    /// It has to be deleted first.
    #[error("the integration {0} still holds this number; delete it first")]
    OldIntegration(String),
    /// Meta's part of the popup.
    #[error(transparent)]
    Signup(#[from] SignupRefused),
}

/// How long the token of a popup works.
const TOKEN_SECONDS: u32 = 3600;

/// Finishes the popup.
pub fn finish(
    world: &mut World,
    org: &mut Organization,
    popup: &Popup,
) -> Result<Finished, PopupRefused> {
    let Popup { waba, phone, .. } = popup;
    if !integrations::has_product(org) {
        return Err(PopupRefused::NoProduct);
    }
    let holder = org.integrations_of(phone).next();
    if let Some(holder) = holder.filter(|_| !org.switches.second_integration) {
        return Err(PopupRefused::OldIntegration(holder.id.clone()));
    }
    let number = onboard(world, popup)?;
    subscribe(world, org, waba);
    let version = popup.version.unwrap_or(org.switches.signup_version);
    let name = world.numbers.get(&number).map(|number| number.name.clone());
    let name = popup.name.clone().or(name).unwrap_or_default();
    if popup.only_token {
        return Ok(hand_out(world, org, popup, number));
    }
    let id = integrations::add(world, org, (waba.clone(), phone.clone()), name, version);
    let activates = org.switches.popup_activates.then(life::admins_pin);
    if let Some(made) = org.integration_mut(&id) {
        made.pin = popup.pin.clone().or(activates);
    }
    Ok(Finished {
        phone_number: number,
        integration: Some(id),
        token: None,
    })
}

fn hand_out(
    world: &mut World,
    org: &mut Organization,
    popup: &Popup,
    phone_number: PhoneNumberId,
) -> Finished {
    let token = Secret::new(format!("EAASIGNUP{:016x}", world.invent()));
    org.signups.push(Signup {
        token: token.clone(),
        waba: popup.waba.clone(),
        phone: popup.phone.clone(),
        used: false,
        expires: world.after(TOKEN_SECONDS),
    });
    Finished {
        phone_number,
        integration: None,
        token: Some(token),
    }
}

/// Meta's part. Two-step verification of the account that is left does not keep the number from
/// being verified, only from being integrated.
fn onboard(world: &mut World, popup: &Popup) -> Result<PhoneNumberId, SignupRefused> {
    let Popup { waba, phone, .. } = popup;
    let account = world.wabas.get(waba).ok_or(SignupRefused::UnknownAccount)?;
    if account.is_banned {
        return Err(SignupRefused::AccountBanned);
    }
    let there = world.number_on(waba, phone).map(|(id, _)| id.clone());
    let id = match there {
        Some(id) => id,
        None if popup.is_new && world.live_number(phone).is_none() => begin_anew(world, popup)?,
        None => world.finish_signup(waba, phone)?,
    };
    let now = world.now;
    let is_verified = world.numbers.get(&id).is_some_and(|number| {
        number.is_live() || world.verification(number) == CodeVerification::Verified
    });
    if let Some(number) = world.numbers.get_mut(&id).filter(|_| !is_verified) {
        number.verify(now);
    }
    match world.live_number(phone) {
        Some((_, live)) if live.waba != *waba && live.pin.is_some() => {
            Err(SignupRefused::TwoStepOn)
        }
        Some(_) | None => Ok(id),
    }
}

fn begin_anew(world: &mut World, popup: &Popup) -> Result<PhoneNumberId, SignupRefused> {
    let Popup { waba, phone, .. } = popup;
    if !add::has_room(world, waba) {
        return Err(SignupRefused::NoRoom);
    }
    let name = popup.name.clone().unwrap_or_else(|| phone.to_string());
    let name = (name, NameStatus::Approved);
    Ok(add::create(world, waba, phone.clone(), name, false))
}

fn subscribe(world: &mut World, org: &Organization, waba: &WabaId) {
    if !org.switches.subscribes_app {
        return;
    }
    let there = world.apps.iter().find(|(_, app)| app.name == APP_NAME);
    let id: AppId = match there.map(|(id, _)| id.clone()) {
        Some(id) => id,
        None => {
            let id = seed::add_app(world, None, None);
            if let Some(app) = world.apps.get_mut(&id) {
                app.name = APP_NAME.to_owned();
            }
            id
        }
    };
    if let Some(account) = world.wabas.get_mut(waba) {
        account.subscriptions.insert(id, None);
    }
}

/// What the app is called that Genesys subscribes.
const APP_NAME: &str = "Genesys Cloud";

impl World {
    /// Finishes the popup in Genesys Cloud's user interface.
    pub fn finish_popup(&mut self, popup: &Popup) -> Result<Finished, PopupRefused> {
        self.in_genesys(|world, org| finish(world, org, popup))
            .unwrap_or(Err(PopupRefused::NoOrganization))
    }
}
