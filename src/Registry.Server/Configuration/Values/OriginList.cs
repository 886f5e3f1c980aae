using System.Buffers;

namespace Registry.Server.Configuration.Values;

/// <summary>Origins whose pages may use the registry from a browser (Fetch standard, "CORS protocol"): a list, or any origin.</summary>
public sealed class OriginList
{
    /// <summary>No origins: browsers block pages of every other origin.</summary>
    public static readonly OriginList None = new([], isAny: false);

    // Characters that end an authority, or are not allowed in one.
    private static readonly SearchValues<char> NotOfOrigins = SearchValues.Create("/?#*@\\ ");

    private readonly HashSet<string> _origins;

    private OriginList(IEnumerable<string> origins, bool isAny)
    {
        _origins = new HashSet<string>(origins, StringComparer.Ordinal);
        IsAny = isAny;
    }

    /// <summary>True when pages of any origin may send requests, without credentials stored by the browser.</summary>
    public bool IsAny { get; }

    /// <summary>True when no page of another origin may send requests.</summary>
    public bool IsEmpty => !IsAny && _origins.Count == 0;

    /// <summary>Parses origins separated by commas, or <c>*</c>.</summary>
    /// <param name="text">For example <c>https://ui.example.com, http://localhost:8080</c>.</param>
    /// <returns>Null when one of them is not an origin.</returns>
    public static OriginList? Parse(string text)
    {
        if (text.Trim() == "*")
        {
            return new OriginList([], isAny: true);
        }

        var origins = Array.ConvertAll(text.Split(',', StringSplitOptions.TrimEntries), Canonical);
        return origins.Contains(null) ? null : new OriginList(origins!, isAny: false);
    }

    /// <summary>True when pages of an origin may send requests. Browsers write an origin in one way only, so the texts are compared.</summary>
    /// <param name="origin">The value of an Origin header.</param>
    public bool Contains(string origin) => IsAny || _origins.Contains(origin);

    // The form that browsers send: lower case, international names in ASCII, without the default port of the scheme.
    private static string? Canonical(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0 && url.Host.Length > 0
            && text.AsSpan()[(text.IndexOf("://", StringComparison.Ordinal) + 3)..].IndexOfAny(NotOfOrigins) < 0
            ? url.IsDefaultPort ? $"{url.Scheme}://{Host(url)}" : $"{url.Scheme}://{Host(url)}:{url.Port}"
            : null;

    private static string Host(Uri url) => url.HostNameType == UriHostNameType.IPv6 ? url.Host : url.IdnHost;
}
