//! A document without errors becomes a [`Plan`]: defaults are filled in, paths resolved.
//!
//! Reports nothing: what is absent here was reported before, or has a default.

use std::{path::Path, sync::Arc};

use crate::{
    phone::Phone,
    plan::{
        self, Plan,
        choices::{Campaigns, CannedResponses, Method, Vertical},
        decode::Sp,
        document::{self, Document},
        reference::Reference,
        rules::windows,
    },
    secret::SecretRef,
};

/// The newest version of the Graph API this release was built for.
/// Source: <https://developers.facebook.com/docs/graph-api/changelog/versions>
const API_VERSION: &str = "v25.0";
/// Stands for the message flow that was attached before.
const KEEP: &str = "keep";
/// The language of one-time codes when the plan names none.
const OTP_LANGUAGE: &str = "en_US";

/// Returns the plan, or `None` if a required part is absent.
pub(crate) fn plan(
    document: Document,
    path: &Path,
    digest: String,
    definitions: Vec<plan::Definition>,
) -> Option<Plan> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let defaults = document
        .defaults
        .and_then(|defaults| defaults.number)
        .unwrap_or_default();
    let numbers = document.numbers.unwrap_or_default();
    let windows: Vec<Arc<plan::Window>> = document
        .windows
        .map(|windows| windows.0)
        .unwrap_or_default()
        .into_iter()
        .map(|(name, window)| windows::resolve(name.value, &window).map(Arc::new))
        .collect::<Option<_>>()?;
    Some(Plan {
        name: document.name?.value.0,
        description: document.description.map(|text| text.value.0),
        path: path.to_owned(),
        digest,
        graph: graph(document.graph.unwrap_or_default(), folder),
        source: plan::Source {
            token: secret(document.source.as_ref()?.token.as_ref(), folder),
            waba: document.source?.waba?.value,
        },
        target: target(document.target?, folder)?,
        numbers: numbers
            .into_iter()
            .map(|number| self::number(number, &defaults, &windows, folder))
            .collect::<Option<_>>()?,
        windows,
        templates: templates(document.templates.unwrap_or_default(), definitions),
        flows: flows(document.flows.unwrap_or_default()),
        genesys: match document.genesys {
            None => None,
            Some(genesys) => Some(self::genesys(genesys, folder)?),
        },
        policy: policy(document.policy.unwrap_or_default()),
        ignore: document
            .ignore
            .unwrap_or_default()
            .into_iter()
            .map(|pattern| pattern.value.0)
            .collect(),
    })
}

fn secret(reference: Option<&Sp<Reference>>, folder: &Path) -> Option<SecretRef> {
    reference.map(|reference| reference.value.resolve(folder))
}

fn graph(graph: document::Graph, folder: &Path) -> plan::Graph {
    plan::Graph {
        api_version: graph
            .api_version
            .map_or_else(|| API_VERSION.into(), |word| word.value.0),
        app_id: graph.app_id.map(|id| id.value),
        app_secret: secret(graph.app_secret.as_ref(), folder),
    }
}

fn target(target: document::Target, folder: &Path) -> Option<plan::Target> {
    let subscription = target.subscription.unwrap_or_default();
    let callback = match subscription.callback {
        None => None,
        Some(callback) => Some(plan::Callback {
            url: callback.url?.value.0,
            verify_token: secret(callback.verify_token.as_ref(), folder)?,
        }),
    };
    let app = subscription
        .app
        .map_or(plan::SubscribeApp::Keep, |app| app.value.into());
    Some(plan::Target {
        waba: target.waba?.value,
        token: secret(target.token.as_ref(), folder)?,
        subscription: plan::Subscription { app, callback },
    })
}

fn number(
    number: document::Number,
    defaults: &document::NumberDefaults,
    windows: &[Arc<plan::Window>],
    folder: &Path,
) -> Option<plan::Number> {
    let pin = number.pin.as_ref().or(defaults.pin.as_ref());
    let window = number.window.as_ref().or(defaults.window.as_ref());
    let method = method(&number, defaults)?;
    let profile = number.profile.or_else(|| defaults.profile.clone());
    let genesys = number.genesys.or_else(|| defaults.genesys.clone());
    Some(plan::Number {
        phone: number.phone?.value,
        method,
        pin: secret(pin, folder)?,
        otp: otp(
            number.otp.unwrap_or_default(),
            defaults.otp.as_ref(),
            folder,
        ),
        needs: needs(number.needs.unwrap_or_default()),
        window: match window {
            None => None,
            Some(name) => Some(
                windows
                    .iter()
                    .find(|window| window.name == name.value.0)?
                    .clone(),
            ),
        },
        profile: profile.map(self::profile),
        genesys: genesys.map(number_genesys),
    })
}

fn genesys(genesys: document::Genesys, folder: &Path) -> Option<plan::Genesys> {
    let campaigns = genesys.campaigns.map(|word| word.value);
    let responses = genesys.canned_responses.map(|word| word.value);
    Some(plan::Genesys {
        region: genesys.region?.value.0,
        client_id: secret(genesys.client_id.as_ref(), folder)?,
        client_secret: secret(genesys.client_secret.as_ref(), folder)?,
        pauses_campaigns: campaigns != Some(Campaigns::Leave),
        repoints_responses: responses != Some(CannedResponses::Leave),
        placeholder: genesys.placeholder.map(|phone| phone.value),
    })
}

fn number_genesys(number: document::NumberGenesys) -> plan::NumberGenesys {
    let flow = number.flow.map(|flow| flow.value.0);
    plan::NumberGenesys {
        flow: match flow {
            Some(name) if name != KEEP => plan::MessageFlow::Named(name),
            _ => plan::MessageFlow::Keep,
        },
        integration_name: number.integration_name.map(|name| name.value.0),
    }
}

fn method(number: &document::Number, defaults: &document::NumberDefaults) -> Option<plan::Method> {
    let method = number.method.as_ref().or(defaults.method.as_ref());
    let solution = number
        .solution_id
        .as_ref()
        .or(defaults.solution_id.as_ref());
    Some(match method.map(|method| method.value) {
        None | Some(Method::Otp) => plan::Method::Otp,
        Some(Method::EmbeddedSignup) => plan::Method::EmbeddedSignup,
        Some(Method::SolutionIntent) => {
            plan::Method::SolutionIntent(solution?.value.0.parse().ok()?)
        }
    })
}

fn policy(policy: document::Policy) -> plan::Policy {
    plan::Policy {
        max_cut_overs: policy.max_cut_overs.map(|count| count.value.0),
        max_template_deletes: policy.max_template_deletes.map(|count| count.value.0),
    }
}

/// Returns the needed phones, each once.
fn needs(needs: Vec<Sp<Phone>>) -> Vec<Phone> {
    let mut phones: Vec<Phone> = Vec::new();
    for phone in needs {
        if !phones.contains(&phone.value) {
            phones.push(phone.value);
        }
    }
    phones
}

fn otp(own: document::Otp, defaults: Option<&document::Otp>, folder: &Path) -> plan::Otp {
    let channel = own
        .channel
        .as_ref()
        .or(defaults.and_then(|otp| otp.channel.as_ref()));
    let language = own
        .language
        .as_ref()
        .or(defaults.and_then(|otp| otp.language.as_ref()));
    let code = own
        .code
        .as_ref()
        .or(defaults.and_then(|otp| otp.code.as_ref()));
    plan::Otp {
        channel: channel.map_or(plan::OtpChannel::Sms, |channel| channel.value.into()),
        language: language.map_or_else(|| OTP_LANGUAGE.into(), |word| word.value.0.clone()),
        code: secret(code, folder),
    }
}

fn profile(profile: document::Profile) -> plan::Profile {
    let document::Profile {
        about,
        address,
        description,
        email,
        websites,
        vertical,
        spot: _,
    } = profile;
    plan::Profile {
        about: about.map(|text| text.value.0),
        address: address.map(|text| text.value.0),
        description: description.map(|text| text.value.0),
        email: email.map(|text| text.value.0),
        websites: websites.map(|sites| sites.into_iter().map(|site| site.value.0).collect()),
        vertical: vertical.map(|word: Sp<Vertical>| word.value.as_str().to_owned()),
    }
}

fn templates(
    templates: document::Templates,
    definitions: Vec<plan::Definition>,
) -> plan::Templates {
    let globs = |globs: Vec<Sp<plan::Glob>>| globs.into_iter().map(|glob| glob.value).collect();
    plan::Templates {
        copy: templates.copy.map(globs).unwrap_or_default(),
        required: templates.required.map(globs),
        recreate: templates.recreate.is_some_and(|switch| switch.value.0),
        prune: templates.prune.is_some_and(|switch| switch.value.0),
        definitions,
    }
}

fn flows(flows: document::Flows) -> plan::Flows {
    let names = flows.copy.unwrap_or_default();
    plan::Flows {
        copy: names.into_iter().map(|glob| glob.value.0).collect(),
    }
}
