using Microsoft.AspNetCore.Http;
using Registry.Server.Http;
using Registry.Server.Requests;
using Registry.Server.Telemetry.Logs;

namespace Registry.Server.Telemetry;

/// <summary>Fields of a request that several kinds of log lines share. Text from clients is bounded in length.</summary>
internal static class RequestFields
{
    public const int MaxReference = 160;
    public const int MaxHeader = 128;
    public const int MaxPath = 1024;

    // The values of these parameters also occur in paths and responses. Others may be secrets, as `account` and `access_token` are, and so
    // may the names of unknown parameters.
    private static readonly HashSet<string> ShownParameters = new(StringComparer.Ordinal)
    {
        "digest", "mount", "from", "repository", "to", "tag", "reference", "n", "last", "before", "after", "at", "deletion", "id", "dryRun", "force", "untagged", "olderThan", "delete", "fullSpeed", "on", "artifactType", "digest-algorithm", "service", "scope",
    };

    /// <summary>Describes the caller. The prefix "user" distinguishes a user named "anonymous" from a caller without credentials.</summary>
    public static string Caller(RequestContext request) =>
        $"{(request.User is { } user ? $"user {Quoted(user)}" : "anonymous")} from {request.Http.Connection.RemoteIpAddress}";

    /// <summary>Adds the caller: <c>user</c>, or <c>anonymous</c> for a caller without credentials, and the address.</summary>
    public static LogRecord AddCaller(this LogRecord record, RequestContext request) => record
        .Add("remoteAddress", request.Http.Connection.RemoteIpAddress?.ToString())
        .Add("user", request.User)
        .Add("anonymous", request.User is null ? true : null);

    /// <summary>Tag that the request names; null when it names none.</summary>
    public static string? Reference(RequestContext request) => request.Operation is RequestOperation.BeginUpload or RequestOperation.PushBlob
        || IsDigest(request.Parameter) ? null : Bounded(request.Parameter, MaxReference);

    /// <summary>Digest of the request's content; null when it is unknown.</summary>
    public static string? Digest(RequestContext request)
    {
        if (request.Change?.Digest is { } changed)
        {
            return changed.Value;
        }

        var told = request.Response.Headers["Docker-Content-Digest"].ToString();
        return told.Length > 0 ? told : IsDigest(request.Parameter) ? Bounded(request.Parameter, MaxReference) : null;
    }

    /// <summary>Query, with <c>*</c> for each parameter that may hold a secret; empty without a query.</summary>
    public static string Query(HttpContext http)
    {
        var query = RequestTarget.Query(http);
        return query.Length == 0 ? query : Bounded(string.Join('&', query.Split('&').Select(Redacted)), MaxPath);
    }

    /// <summary>Cuts a text that is too long for a line.</summary>
    public static string Bounded(string text, int length) => text.Length <= length ? text : $"{text[..length]}…";

    private static string Redacted(string parameter) =>
        ShownParameters.Contains(parameter.Split('=', 2)[0]) ? parameter : "*";

    // The name may come from a token service, which may allow any characters.
    private static string Quoted(string user) =>
        user.All(c => char.IsLetterOrDigit(c) || c is '.' or '_' or '-' or '@' or '+') ? user : $"\"{user.Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static bool IsDigest(string parameter) => Core.Oci.Digest.LooksLikeDigest(parameter);
}
