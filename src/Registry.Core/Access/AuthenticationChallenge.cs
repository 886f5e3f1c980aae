using System.Net.Http.Headers;
using System.Text.RegularExpressions;

namespace Registry.Core.Access;

/// <summary>Challenge of a registry that was asked, in its 401 (RFC 9110, section 11.6.1).</summary>
/// <param name="Scheme">The scheme.</param>
/// <param name="Parameters">Its parameters, unquoted, by name.</param>
public sealed partial record AuthenticationChallenge(string Scheme, IReadOnlyDictionary<string, string> Parameters)
{
    /// <summary>True if a name and a password are wanted.</summary>
    public bool IsBasic => Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase);

    /// <summary>True if a token is wanted.</summary>
    public bool IsBearer => Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase);

    /// <summary>Address of the token service, or the name of what is protected; null without one.</summary>
    public string? Realm => Parameters.GetValueOrDefault("realm");

    /// <summary>Name of the registry at its token service; null without one.</summary>
    public string? Service => Parameters.GetValueOrDefault("service");

    /// <summary>Permission that a token needs; null without one.</summary>
    public string? Scope => Parameters.GetValueOrDefault("scope");

    /// <summary>Reason why a token was refused; null without one.</summary>
    public string? Error => Parameters.GetValueOrDefault("error");

    /// <summary>Reads a challenge. What has no form of a parameter is left out.</summary>
    public static AuthenticationChallenge Parse(AuthenticationHeaderValue header)
    {
        ArgumentNullException.ThrowIfNull(header);
        var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (Match match in Parameter.Matches(header.Parameter ?? string.Empty))
        {
            parameters[match.Groups["name"].Value] = match.Groups["quoted"].Success
                ? Escape.Replace(match.Groups["quoted"].Value, "$1")
                : match.Groups["token"].Value;
        }

        return new AuthenticationChallenge(header.Scheme, parameters);
    }

    [GeneratedRegex("""(?<name>[\w-]+)\s*=\s*(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<token>[^\s,"]+))""")]
    private static partial Regex Parameter { get; }

    [GeneratedRegex(@"\\(.)")]
    private static partial Regex Escape { get; }
}
