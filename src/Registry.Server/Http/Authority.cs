using System.Text.RegularExpressions;

namespace Registry.Server.Http;

/// <summary>Host and port as a client may name them: what goes back to clients must be nothing else.</summary>
internal static partial class Authority
{
    public static bool IsValid(string text) => Form().IsMatch(text);

    /// <summary>Whether a valid text has a port; the colons of an IPv6 address are inside brackets.</summary>
    public static bool HasPort(string text) => text.LastIndexOf(':') > text.LastIndexOf(']');

    [GeneratedRegex(@"^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?\z")]
    private static partial Regex Form();
}
