using System.Net.Http.Headers;
using System.Text.RegularExpressions;

namespace Registry.Server.Commands.Remote;

/// <summary>Challenge of a 401 (RFC 9110, section 11.6.1).</summary>
/// <param name="Scheme">The scheme.</param>
/// <param name="Parameters">Its parameters, unquoted, by name.</param>
internal sealed partial record RemoteChallenge(string Scheme, IReadOnlyDictionary<string, string> Parameters)
{
    public bool IsBasic => Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase);

    public bool IsBearer => Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase);

    public string? Realm => Parameters.GetValueOrDefault("realm");

    public string? Service => Parameters.GetValueOrDefault("service");

    /// <summary>Reason why a token was refused; null without one.</summary>
    public string? Error => Parameters.GetValueOrDefault("error");

    public static RemoteChallenge Parse(AuthenticationHeaderValue header)
    {
        var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (Match match in Parameter.Matches(header.Parameter ?? string.Empty))
        {
            parameters[match.Groups["name"].Value] = match.Groups["quoted"].Success
                ? Escape.Replace(match.Groups["quoted"].Value, "$1")
                : match.Groups["token"].Value;
        }

        return new RemoteChallenge(header.Scheme, parameters);
    }

    [GeneratedRegex("""(?<name>[\w-]+)\s*=\s*(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<token>[^\s,"]+))""")]
    private static partial Regex Parameter { get; }

    [GeneratedRegex(@"\\(.)")]
    private static partial Regex Escape { get; }
}
