namespace Registry.Server.Web.Html;

/// <summary>What a hole of a template stands for, by its place in the markup (HTML standard, "Parsing HTML documents").</summary>
internal enum HtmlPosition
{
    /// <summary>Text between elements.</summary>
    Text,

    /// <summary>Part of a quoted attribute.</summary>
    Attribute,

    /// <summary>Beginning of an attribute that is a URL: the hole decides the scheme.</summary>
    Url,

    /// <summary>Part of an attribute that is a URL, after its beginning.</summary>
    UrlPart,

    /// <summary>Place at which no hole is allowed: names, attributes without quotes, scripts, styles and comments.</summary>
    Forbidden,
}
