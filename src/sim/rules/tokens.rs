//! `/debug_token`, `/me`, `/me/permissions`, `/app`, `/oauth/access_token`: what a token says of
//! itself.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/reference/debug_token>

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Answered;
use crate::{
    ids::AppId,
    secret::Secret,
    sim::{
        access::{find, problem},
        call::Params,
        error::GraphError,
        fields::{self, Has},
        words::TokenKind,
        world::{Token, World},
    },
};

/// Says what a token is worth. The caller is an app, or belongs to the same one.
pub fn debug(world: &World, caller: &Token, params: &Params) -> Answered {
    let input = Secret::new(params.required("input_token")?);
    let Some(token) = find(world, &input) else {
        let error = json!({"code": 190, "message": "The access token could not be decrypted"});
        return Ok(json!({"data": {"error": error, "is_valid": false, "scopes": []}}));
    };
    if caller.app != token.app {
        return Err(GraphError::parameter(
            "You must provide an app access token, or a user access token that is an owner or developer of the app",
        ));
    }
    let mut data = json!({
        "app_id": token.app,
        "type": token.kind,
        "application": app_name(world, &token.app),
        "data_access_expires_at": epoch(token.data_access_expires),
        "expires_at": epoch(token.expires),
        "is_valid": true,
        "scopes": token.scopes,
        "granular_scopes": granular(&token),
        "user_id": token.user,
    });
    if let Some(problem) = problem(world, &token) {
        data["is_valid"] = json!(false);
        data["error"] =
            json!({"code": 190, "message": problem.message, "subcode": problem.subcode});
    }
    Ok(json!({ "data": data }))
}

/// Never is 0.
fn epoch(end: Option<Timestamp>) -> i64 {
    end.map_or(0, Timestamp::as_second)
}

fn granular(token: &Token) -> Vec<Value> {
    let scopes = token
        .scopes
        .iter()
        .filter(|scope| scope.starts_with("whatsapp_business"));
    scopes
        .map(|scope| match &token.wabas {
            Some(wabas) => json!({"scope": scope, "target_ids": wabas}),
            None => json!({ "scope": scope }),
        })
        .collect()
}

fn app_name<'a>(world: &'a World, app: &AppId) -> &'a str {
    world.apps.get(app).map_or("", |app| app.name.as_str())
}

/// Says who calls; an app is nobody.
pub fn me(token: &Token, params: &Params) -> Answered {
    refuse_app(token)?;
    let selection = fields::of(params, &["name"])?;
    fields::select(&selection, "User", |field| {
        Ok(match field.name.as_str() {
            "id" => token.user.as_str().into(),
            "name" => token.name.as_str().into(),
            _ => Has::No,
        })
    })
}

fn refuse_app(token: &Token) -> Result<(), GraphError> {
    if token.kind == TokenKind::App {
        return Err(GraphError {
            code: 2500,
            message:
                "An active access token must be used to query information about the current user."
                    .into(),
            ..GraphError::default()
        });
    }
    Ok(())
}

/// Says what the caller may do.
pub fn permissions(token: &Token) -> Answered {
    refuse_app(token)?;
    let granted: Vec<Value> = token
        .scopes
        .iter()
        .map(|scope| json!({"permission": scope, "status": "granted"}))
        .collect();
    Ok(json!({ "data": granted }))
}

/// Says which app the token belongs to.
pub fn app(world: &World, token: &Token, params: &Params) -> Answered {
    let selection = fields::of(params, &["category", "link", "name"])?;
    fields::select(&selection, "Application", |field| {
        Ok(match field.name.as_str() {
            "id" => token.app.as_str().into(),
            "name" => app_name(world, &token.app).into(),
            "link" => format!("https://www.facebook.com/games/?app_id={}", token.app).into(),
            "category" => "Business".into(),
            _ => Has::No,
        })
    })
}

/// Hands out an app's own token. Codes of a signup popup are not simulated.
pub fn exchange(world: &World, params: &Params) -> Answered {
    let id = params.required("client_id")?;
    let secret = params.required("client_secret")?;
    if params.text("grant_type")?.as_deref() != Some("client_credentials") {
        return Err(GraphError::parameter(
            "This authorization code has been used or is not valid.",
        )
        .subcode(36_009));
    }
    let app = id.parse::<AppId>().ok().and_then(|id| world.apps.get(&id));
    let Some(app) = app else {
        return Err(GraphError {
            code: 101,
            message:
                "Error validating application. Cannot get application info due to a system error."
                    .into(),
            ..GraphError::default()
        });
    };
    if app.secret.expose() != secret {
        return Err(GraphError {
            code: 1,
            message: "Error validating client secret.".into(),
            ..GraphError::default()
        });
    }
    Ok(json!({"access_token": format!("{id}|{secret}"), "token_type": "bearer"}))
}
