//! Who calls and what they may touch: tokens, `appsecret_proof`, scopes, reachable accounts.
//!
//! It answers with the errors of a refused token (190), a missing permission (200) and an object
//! out of reach (100/33); it does not know what the call wants to do.
//!
//! Sources: <https://developers.facebook.com/docs/facebook-login/guides/access-tokens>,
//! <https://developers.facebook.com/docs/graph-api/securing-requests>

use std::collections::BTreeSet;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{
    call::{Call, Params},
    error::GraphError,
    words::TokenKind,
    world::{Token, World},
};
use crate::{
    ids::{AppId, BusinessId, WabaId},
    secret::Secret,
};

/// Permission of every account, number, template and subscription call.
pub const MANAGEMENT: &str = "whatsapp_business_management";
/// Permission of register, deregister and profile writes.
pub const MESSAGING: &str = "whatsapp_business_messaging";
/// Permission of the portfolio's own edges.
pub const BUSINESS: &str = "business_management";

/// Returns the token of a call, if it is good.
pub fn authenticate(world: &World, call: &Call) -> Result<Token, GraphError> {
    let token = valid(world, call)?;
    check_proof(world, &token, &call.params)?;
    Ok(token)
}

/// Returns the token of a batch, if it is good. Where a proof is demanded, the parts may each
/// bring their own.
pub fn authenticate_batch(world: &World, call: &Call) -> Result<Token, GraphError> {
    let token = valid(world, call)?;
    if call.params.has("appsecret_proof") {
        check_proof(world, &token, &call.params)?;
    }
    Ok(token)
}

/// Which of two refusals a call without token gets depends on whether it asks who it is.
fn no_token(call: &Call) -> GraphError {
    let (code, message) = if call.path.first().is_some_and(|first| first == "me") {
        (
            2500,
            "An active access token must be used to query information about the current user.",
        )
    } else {
        (104, "An access token is required to request this resource.")
    };
    GraphError {
        code,
        message: message.into(),
        ..GraphError::default()
    }
}

fn valid(world: &World, call: &Call) -> Result<Token, GraphError> {
    let given = call.token.as_ref().ok_or_else(|| no_token(call))?;
    let token = find(world, given).ok_or_else(|| {
        GraphError::token(
            None,
            "Invalid OAuth access token - Cannot parse access token",
        )
    })?;
    match problem(world, &token) {
        Some(problem) => Err(problem),
        None => Ok(token),
    }
}

/// Returns the token with that text. An app's own token is made of its id and its secret.
pub fn find(world: &World, given: &Secret) -> Option<Token> {
    let held = |token: &&Token| token.value.expose() == given.expose();
    if let Some(token) = world.tokens.iter().find(held) {
        return Some(token.clone());
    }
    let (id, secret) = given.expose().split_once('|')?;
    let id: AppId = id.parse().ok()?;
    let app = world.apps.get(&id)?;
    (app.secret.expose() == secret).then(|| Token {
        value: given.clone(),
        name: "app".into(),
        user: id.to_string(),
        app: id,
        kind: TokenKind::App,
        scopes: BTreeSet::new(),
        wabas: Some(BTreeSet::new()),
        expires: None,
        data_access_expires: None,
        revoked: false,
    })
}

/// Returns why a token does not work, if it does not.
pub fn problem(world: &World, token: &Token) -> Option<GraphError> {
    if token.revoked {
        let text = "Error validating access token: The session has been invalidated because the user logged out.";
        return Some(GraphError::token(Some(467), text));
    }
    let expired = token.expires.filter(|at| *at <= world.now)?;
    let text = format!(
        "Error validating access token: Session has expired on {expired}. The current time is {}.",
        world.now
    );
    Some(GraphError::token(Some(463), &text))
}

/// Both texts are long known and in no current document: unconfirmed.
fn check_proof(world: &World, token: &Token, params: &Params) -> Result<(), GraphError> {
    let Some(app) = world.apps.get(&token.app) else {
        return Ok(());
    };
    match params.text("appsecret_proof")? {
        None if app.require_secret => Err(GraphError::parameter(
            "API calls from the server require an appsecret_proof argument",
        )),
        None => Ok(()),
        Some(proof) if is_proof(&proof, &token.value, &app.secret) => Ok(()),
        Some(_) => Err(GraphError::parameter(
            "Invalid appsecret_proof provided in the API argument",
        )),
    }
}

fn is_proof(proof: &str, token: &Secret, app_secret: &Secret) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.expose().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(token.expose().as_bytes());
    hex::decode(proof).is_ok_and(|bytes| mac.verify_slice(&bytes).is_ok())
}

impl Token {
    /// Refuses (200) when the permission is missing.
    pub fn require(&self, scope: &str) -> Result<(), GraphError> {
        if self.scopes.contains(scope) {
            Ok(())
        } else {
            Err(GraphError::permission(scope))
        }
    }

    /// Returns whether the token reaches a WABA.
    pub fn reaches(&self, waba: &WabaId) -> bool {
        self.wabas
            .as_ref()
            .is_none_or(|reached| reached.contains(waba))
    }

    /// Returns whether the token reaches one of a portfolio's WABAs.
    pub fn reaches_business(&self, world: &World, business: &BusinessId) -> bool {
        world
            .wabas
            .iter()
            .any(|(id, waba)| waba.owner == *business && self.reaches(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_the_hmac_of_the_token() {
        // echo -n TOKEN | openssl dgst -sha256 -hmac SECRET
        let proof = "9bcde7f1d5e226d86e4692a62e5ec88f99306fb302d74b2dc3bff8a03770b63d";
        let (token, secret) = (Secret::new("TOKEN"), Secret::new("SECRET"));
        assert!(is_proof(proof, &token, &secret));
        assert!(!is_proof(proof, &secret, &token));
        assert!(!is_proof("zz", &token, &secret));
    }
}
