using System.Buffers;

namespace Registry.Server.Configuration;

/// <summary>The origins whose pages may use the registry from a browser (the Fetch standard, "CORS protocol"): named ones, or any.</summary>
public sealed class OriginList
{
    /// <summary>None, so that browsers keep every page of another origin away.</summary>
    public static readonly OriginList None = new([], isAny: false);

    // What may follow an authority, and what may not be in one.
    private static readonly SearchValues<char> NotOfOrigins = SearchValues.Create("/?#*@\\ ");

    private readonly HashSet<string> _origins;

    private OriginList(IEnumerable<string> origins, bool isAny)
    {
        _origins = new HashSet<string>(origins, StringComparer.Ordinal);
        IsAny = isAny;
    }

    /// <summary>Whether pages of any origin may ask, without credentials that the browser holds.</summary>
    public bool IsAny { get; }

    /// <summary>Whether no page of another origin may ask.</summary>
    public bool IsEmpty => !IsAny && _origins.Count == 0;

    /// <summary>Reads origins with commas between, or <c>*</c>.</summary>
    /// <param name="text">For example <c>https://ui.example.com, http://localhost:8080</c>.</param>
    /// <returns>Null when one of them is no origin.</returns>
    public static OriginList? Parse(string text)
    {
        if (text.Trim() == "*")
        {
            return new OriginList([], isAny: true);
        }

        var origins = Array.ConvertAll(text.Split(',', StringSplitOptions.TrimEntries), Canonical);
        return origins.Contains(null) ? null : new OriginList(origins!, isAny: false);
    }

    /// <summary>Whether pages of an origin may ask. Browsers write an origin in one way only, so it is compared as it is.</summary>
    /// <param name="origin">The value of an Origin header.</param>
    public bool Contains(string origin) => IsAny || _origins.Contains(origin);

    // As browsers write it: in lower case, international names in their ASCII form, without the port that goes with the scheme.
    private static string? Canonical(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0 && url.Host.Length > 0
            && text.AsSpan()[(text.IndexOf("://", StringComparison.Ordinal) + 3)..].IndexOfAny(NotOfOrigins) < 0
            ? url.IsDefaultPort ? $"{url.Scheme}://{Host(url)}" : $"{url.Scheme}://{Host(url)}:{url.Port}"
            : null;

    private static string Host(Uri url) => url.HostNameType == UriHostNameType.IPv6 ? url.Host : url.IdnHost;
}
