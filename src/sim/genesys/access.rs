//! Who calls: OAuth clients, their tokens, what their roles allow, and how often they may call.
//!
//! The one grant is that of clients. The failure of a token request has a shape of its own.
//!
//! Sources: <https://developer.genesys.cloud/authorization/platform-auth/use-client-credentials>,
//! <https://developer.genesys.cloud/platform/api/rate-limits>

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{
    ask::{Answered, Ask, Reply},
    organization::{IssuedToken, OAuthClient, Organization},
    refusal::Refusal,
};
use crate::{
    secret::Secret,
    sim::{
        call::{AuthScheme, Call},
        world::World,
    },
};

/// What all steps of a migration need.
pub const PERMISSIONS: [&str; 33] = [
    "architect:dependencyTracking:view",
    "architect:flow:view",
    "audits:audit:view",
    "conversation:message:create",
    "integrations:action:view",
    "messaging:identityResolutionWhatsApp:edit",
    "messaging:identityResolutionWhatsApp:view",
    "messaging:integration:delete",
    "messaging:integration:edit",
    "messaging:integration:view",
    "messaging:setting:view",
    "messaging:supportedContent:view",
    "messaging:whatsappIntegration:add",
    "outbound:digitalRuleSet:edit",
    "outbound:digitalRuleSet:view",
    "outbound:messagingCampaign:edit",
    "outbound:messagingCampaign:view",
    "outbound:whatsAppCampaign:edit",
    "outbound:whatsAppCampaign:view",
    "responses:library:view",
    "responses:response:add",
    "responses:response:delete",
    "responses:response:edit",
    "responses:response:view",
    "routing:message:manage",
    "routing:queue:edit",
    "routing:queue:view",
    "architect:flow:search",
    "architect:dependencyTracking:rebuild",
    "dependencies:dependency:view",
    "outbound:schedule:view",
    "processautomation:trigger:view",
    "oauth:client:view",
];

/// The seconds of the window that the limit of calls counts in.
const MINUTE: i64 = 60;

/// What an operation needs.
#[derive(Clone, Copy, Debug)]
pub enum Needs {
    /// A token.
    Nothing,
    /// Every one of these.
    All(&'static [&'static str]),
    /// At least one of these.
    Any(&'static [&'static str]),
}

/// Hands out a token.
pub fn hand_out(world: &mut World, organization: &mut Organization, call: &Call) -> Answered {
    if let Err(problem) = check_grant(call) {
        return Ok(refused(400, problem, problem));
    }
    let status = organization.switches.oauth_error_status;
    let Some(client) = client(organization, call) else {
        return Ok(refused(status, "invalid_client", "client not found"));
    };
    if client.inactive {
        return Ok(refused(status, "invalid_client", "client is inactive"));
    }
    let (id, seconds) = (client.id.clone(), client.token_seconds);
    let text = format!(
        "{:016x}{:016x}{:016x}",
        world.invent(),
        world.invent(),
        world.invent()
    );
    let token = IssuedToken {
        value: Secret::new(&text[..]),
        client: id,
        expires: world.after(seconds),
        revoked: false,
        minute: None,
    };
    organization.tokens.push(token);
    Reply::ok(json!({"access_token": text, "token_type": "bearer", "expires_in": seconds}))
}

fn refused(status: u16, error: &str, told: &str) -> Reply {
    let body = json!({"error": error, "description": told, "error_description": told});
    Reply {
        status,
        body: Some(body),
    }
}

fn check_grant(call: &Call) -> Result<(), &'static str> {
    let kind = call.content_type.as_deref().unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err("invalid_request");
    }
    let body = call.bytes.as_deref().unwrap_or_default();
    let mut fields = url::form_urlencoded::parse(body);
    match fields.find(|(name, _)| name == "grant_type") {
        None => Err("invalid_request"),
        Some((_, grant)) if grant == "client_credentials" => Ok(()),
        Some(_) => Err("unsupported_grant_type"),
    }
}

fn client<'a>(organization: &'a Organization, call: &Call) -> Option<&'a OAuthClient> {
    let given = call.token.as_ref()?;
    let basic = call.auth_scheme == Some(AuthScheme::Basic);
    let text = STANDARD.decode(given.expose()).ok().filter(|_| basic)?;
    let text = String::from_utf8(text).ok()?;
    let (id, secret) = text.split_once(':')?;
    let clients = organization.clients.iter();
    clients
        .filter(|client| client.id == id)
        .find(|client| client.secret.expose() == secret)
}

/// Returns the place of a call's token, if it is good.
pub fn authenticate(world: &World, org: &Organization, call: &Call) -> Result<usize, Refusal> {
    let bearer = call.auth_scheme == Some(AuthScheme::Bearer);
    let Some(given) = call.token.as_ref().filter(|_| bearer) else {
        return Err(Refusal::new(
            401,
            "authentication.required",
            "No authentication bearer token specified in authorization header.",
        ));
    };
    let bad = || Refusal::new(401, "bad.credentials", "Invalid login credentials.");
    let is_given = |token: &IssuedToken| token.value.expose() == given.expose();
    let place = org.tokens.iter().position(is_given).ok_or_else(bad)?;
    let token = &org.tokens[place];
    if token.revoked {
        return Err(bad());
    }
    if token.expires <= world.now {
        return Err(match org.switches.tells_expired_tokens {
            true => Refusal::new(
                401,
                "credentials.expired",
                "The supplied credentials are expired and cannot be used.",
            ),
            false => bad(),
        });
    }
    Ok(place)
}

/// Counts a call of a token: the headers that tell of it, and whether it is still admitted.
pub fn count(
    world: &World,
    org: &mut Organization,
    token: usize,
) -> (Vec<(String, String)>, Result<(), Refusal>) {
    let limit = org.switches.calls_per_minute;
    let enforced = org.switches.rate_limits && world.switches.rate_limits;
    let token = &mut org.tokens[token];
    let age = |began: jiff::Timestamp| world.now.duration_since(began).as_secs();
    let present = token.minute.filter(|(began, _)| age(*began) < MINUTE);
    let (began, calls) = present.unwrap_or((world.now, 0));
    let left = u32::try_from(MINUTE - age(began)).unwrap_or(1);
    let exceeded = enforced && calls >= limit;
    let calls = if exceeded { calls } else { calls + 1 };
    token.minute = Some((began, calls));
    let headers = [
        ("inin-ratelimit-count", calls),
        ("inin-ratelimit-allowed", limit),
        ("inin-ratelimit-reset", left),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_string()));
    let verdict = if exceeded {
        Err(over(org, left, limit))
    } else {
        Ok(())
    };
    (headers.to_vec(), verdict)
}

fn over(org: &Organization, seconds: u32, limit: u32) -> Refusal {
    let refusal = if org.switches.retry_after {
        Refusal::too_many(seconds)
    } else {
        let message =
            format!("Rate limit exceeded the maximum [{limit}] requests within [{MINUTE}] seconds");
        Refusal::new(429, "too.many.requests", message)
    };
    Refusal {
        limit: Some(limit),
        ..refusal
    }
}

/// Refuses (403) when the roles of a token's client do not allow something.
pub fn permit(org: &Organization, token: usize, needs: Needs) -> Result<(), Refusal> {
    let id = &org.tokens[token].client;
    let client = org.clients.iter().find(|client| client.id == *id);
    let has = |permission: &&&str| client.is_some_and(|it| it.permissions.contains(**permission));
    let refuse = |code: &'static str, text: &str, lacking: Vec<&str>| {
        let named = lacking.join(", ");
        let message = format!("Unable to perform the requested action. {text}: {named}");
        let params = vec![("permissions", named)];
        Err(Refusal {
            params,
            ..Refusal::new(403, code, message)
        })
    };
    match needs {
        Needs::Nothing => Ok(()),
        Needs::All(wanted) => {
            let lacking: Vec<&str> = wanted.iter().filter(|it| !has(it)).copied().collect();
            if lacking.is_empty() {
                return Ok(());
            }
            refuse(
                "missing.permissions",
                "You are missing the following permission(s)",
                lacking,
            )
        }
        Needs::Any(wanted) if wanted.iter().any(|it| has(&it)) => Ok(()),
        Needs::Any(wanted) => {
            let text = "You must have at least one of the following permissions";
            refuse("missing.any.permissions", text, wanted.to_vec())
        }
    }
}

/// Says whose the token is.
pub fn who(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let id = &org.tokens[ask.token].client;
    let client = org.clients.iter().find(|client| client.id == *id);
    let organization = json!({"id": org.id, "name": org.name});
    Reply::ok(json!({
        "organization": organization,
        "homeOrganization": organization,
        "authorizedScope": [],
        "OAuthClient": {
            "id": id,
            "name": client.map(|client| client.name.as_str()),
            "organization": {"id": org.id},
        },
    }))
}

/// Says nothing but that the token is good.
pub fn verify(_: &mut World, _: &mut Organization, _: &Ask) -> Answered {
    Ok(Reply {
        status: 200,
        body: None,
    })
}

/// Takes the token back.
pub fn give_back(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    org.tokens[ask.token].revoked = true;
    Ok(Reply {
        status: 200,
        body: None,
    })
}

/// Says which organization this is.
pub fn organization(_: &mut World, org: &mut Organization, _: &Ask) -> Answered {
    Reply::ok(json!({
        "id": org.id,
        "name": org.name,
        "defaultLanguage": "en-us",
        "defaultCountryCode": "DE",
        "thirdPartyOrgName": org.name.to_lowercase().replace(' ', "-"),
        "domain": org.region,
        "state": "active",
        "version": 7,
        "selfUri": "/api/v2/organizations/me",
    }))
}

/// Says what the organization has bought.
pub fn products(_: &mut World, org: &mut Organization, _: &Ask) -> Answered {
    let entities: Vec<_> = org.products.iter().map(|id| json!({"id": id})).collect();
    Reply::ok(json!({"entities": entities, "selfUri": "/api/v2/authorization/products"}))
}
