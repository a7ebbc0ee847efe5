//! The words of the API that stand in template files, in upper or lower case, as the API takes them.

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::{
    plan::{
        choices::choose,
        decode::{Word, Wrong},
    },
    yaml::Scalar,
};

macro_rules! api_words {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $about:literal])+ $variant:ident = $word:literal,)+ })+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        pub enum $name {
            $($(#[doc = $about])+ #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            const ALL: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];

            /// Returns the word as the API takes it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl Word for $name {
            const WANTED: &'static str = concat!("one of", $(" ", $word),+);

            /// The list of allowed words says more than a hint about quotes.
            fn misread(_: &Scalar) -> Option<Wrong> {
                None
            }

            fn read(scalar: &Scalar) -> Result<Self, Wrong> {
                let text = &*scalar.text;
                let fits = |word: &str| text == word.to_uppercase() || text == word.to_lowercase();
                match Self::ALL.iter().find(|(word, _)| fits(word)) {
                    Some((_, value)) => Ok(*value),
                    None => choose(Self::ALL, text),
                }
            }

            fn shape() -> Json {
                let words = [$($word),+].into_iter();
                let both = words.flat_map(|word| [word.to_uppercase(), word.to_lowercase()]);
                json!({ "enum": both.collect::<Vec<_>>() })
            }
        }
    )+};
}

api_words! {
    /// What a template is for.
    Category {
        /// One-time codes; Meta writes the texts.
        Authentication = "AUTHENTICATION",
        /// Offers, news, everything that is not one of the others.
        Marketing = "MARKETING",
        /// Follows something the recipient did.
        Utility = "UTILITY",
    }
    /// How variables are written.
    ParameterFormat {
        /// By number.
        Positional = "POSITIONAL",
        /// By name.
        Named = "NAMED",
    }
    /// A special kind of utility template.
    SubCategory {
        /// An order and its payment.
        OrderDetails = "ORDER_DETAILS",
        /// The state of an order.
        OrderStatus = "ORDER_STATUS",
        /// The state of an order, with more.
        RichOrderStatus = "RICH_ORDER_STATUS",
    }
    /// How a special kind is shown.
    DisplayFormat {
        /// As an order.
        OrderDetails = "ORDER_DETAILS",
    }
    /// A part of a template.
    ComponentKind {
        /// Above the body.
        Header = "HEADER",
        /// The text; every template has one.
        Body = "BODY",
        /// Small text below the body.
        Footer = "FOOTER",
        /// What can be tapped.
        Buttons = "BUTTONS",
        /// An offer that ends.
        LimitedTimeOffer = "LIMITED_TIME_OFFER",
        /// Cards to swipe through.
        Carousel = "CAROUSEL",
        /// Asks for the permission to call.
        CallPermissionRequest = "CALL_PERMISSION_REQUEST",
    }
    /// What a header shows.
    HeaderFormat {
        /// A line of text.
        Text = "TEXT",
        /// A picture.
        Image = "IMAGE",
        /// A video.
        Video = "VIDEO",
        /// A document.
        Document = "DOCUMENT",
        /// A short video that plays by itself.
        Gif = "GIF",
        /// A place.
        Location = "LOCATION",
        /// A product of the catalog.
        Product = "PRODUCT",
    }
    /// What a button does.
    ButtonKind {
        /// Answers with its label.
        QuickReply = "QUICK_REPLY",
        /// Opens an address.
        Url = "URL",
        /// Calls a number.
        PhoneNumber = "PHONE_NUMBER",
        /// Copies a coupon.
        CopyCode = "COPY_CODE",
        /// Opens a flow.
        Flow = "FLOW",
        /// Hands over a one-time code.
        Otp = "OTP",
        /// Opens the catalog.
        Catalog = "CATALOG",
        /// Shows several products.
        Mpm = "MPM",
        /// Shows one product.
        Spm = "SPM",
        /// Calls the business in WhatsApp.
        VoiceCall = "VOICE_CALL",
        /// Opens an app.
        App = "APP",
        /// Asks for the recipient's contact.
        RequestContactInfo = "REQUEST_CONTACT_INFO",
    }
    /// How a one-time code is handed over.
    OtpKind {
        /// The recipient copies it.
        CopyCode = "COPY_CODE",
        /// The app takes it at a tap.
        OneTap = "ONE_TAP",
        /// The app takes it by itself.
        ZeroTap = "ZERO_TAP",
    }
    /// What a flow button does first.
    FlowAction {
        /// Opens a screen.
        Navigate = "navigate",
        /// Asks the flow's endpoint.
        DataExchange = "data_exchange",
    }
    /// The picture on a flow button.
    FlowIcon {
        /// A document.
        Document = "DOCUMENT",
        /// A promotion.
        Promotion = "PROMOTION",
        /// A review.
        Review = "REVIEW",
    }
}

impl HeaderFormat {
    /// Returns whether a header of this format shows a file.
    pub const fn is_media(self) -> bool {
        match self {
            Self::Image | Self::Video | Self::Document | Self::Gif => true,
            Self::Text | Self::Location | Self::Product => false,
        }
    }
}
