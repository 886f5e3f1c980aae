using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Registry.Server.Http;

/// <summary>Id of a request, by which its client finds it in the logs and in the feed of changes.</summary>
internal static class RequestId
{
    /// <summary>Header of requests and responses.</summary>
    public const string Header = "X-Request-Id";

    private const int MaxLength = 64;

    /// <summary>
    /// Id that a client has given to its request: up to 64 letters and digits of ASCII, dots, underscores and hyphens. Null if it must get one of the registry:
    /// other characters would let a client write into the log.
    /// </summary>
    public static string? Given(IHeaderDictionary headers) =>
        headers[Header] is [{ Length: > 0 and <= MaxLength } given] && given.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') ? given : null;

    /// <summary>Creates an id.</summary>
    public static string Create() => Random.Shared.NextInt64().ToString("x16", CultureInfo.InvariantCulture);
}
