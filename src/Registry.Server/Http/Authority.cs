using System.Text.RegularExpressions;

namespace Registry.Server.Http;

/// <summary>Validation of a host and port from a client. Only valid ones may be sent back to clients.</summary>
internal static partial class Authority
{
    public static bool IsValid(string text) => Form().IsMatch(text);

    /// <summary>True when a valid text has a port. The colons of an IPv6 address are inside brackets.</summary>
    public static bool HasPort(string text) => text.LastIndexOf(':') > text.LastIndexOf(']');

    [GeneratedRegex(@"^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?\z")]
    private static partial Regex Form();
}
