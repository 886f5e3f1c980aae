using System.Text;
using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Server.Requests;
using Registry.Server.Telemetry.Logs;

namespace Registry.Server.Telemetry;

/// <summary>
/// Logs every change of stored content, done or refused: the caller, the operation, and the manifest, tag or blob. Manifests, tags and
/// deletes are logged at the level info; pushed blobs at the level debug, since a push has many and its manifest names them.
/// </summary>
internal sealed class AuditLog(ILogger<AuditLog> logger)
{
    // Docker and journald cut lines of more than 16 KiB.
    private const int MaxTags = 100;

    private static readonly EventId AuditEvent = new(2, "audit");

    /// <summary>Logs a completed request, if it was a change.</summary>
    public void Write(RequestContext request)
    {
        if (!IsChange(request) || Level(request) is var level && !logger.IsEnabled(level))
        {
            return;
        }

        // No change and no tag is left out: tags that do not fit into one line continue on the next.
        var change = request.Change ?? new ContentChange();
        foreach (var part in change.Parts.Count == 0 ? [change] : change.Parts)
        {
            for (var first = 0; first == 0 || first < part.Tags.Count; first += MaxTags)
            {
                Write(request, part, level, [.. part.Tags.Skip(first).Take(MaxTags)]);
            }
        }
    }

    // Not changes: a push without credentials, by which clients discover that they need some; and a request whose client has gone away.
    private static bool IsChange(RequestContext request) => !request.IsGone && request.Error?.Code != RegistryErrorCode.Unauthorized
        && request.Operation switch
        {
            RequestOperation.None or RequestOperation.PullBlob or RequestOperation.PullManifest => false,
            RequestOperation.BeginUpload => request.Error is not null,
            _ => true,
        };

    private static LogLevel Level(RequestContext request) =>
        request.Operation is RequestOperation.BeginUpload or RequestOperation.PushBlob or RequestOperation.MountBlob
            && request.Error?.Code != RegistryErrorCode.Denied
            ? LogLevel.Debug
            : LogLevel.Information;

    private void Write(RequestContext request, ContentChange change, LogLevel level, IReadOnlyList<Tag> tagsOfLine)
    {
        var operation = OperationNames.Of(request.Operation);
        var reference = change.Tag?.Value ?? RequestFields.Reference(request);
        var digest = change.Digest?.Value ?? RequestFields.Digest(request);
        var size = change.Size;
        var tags = string.Join(',', tagsOfLine);
        var previous = string.Join(',', change.Moved.Select(moved => $"{moved.Tag}@{moved.Before}"));
        var from = request.Operation == RequestOperation.MountBlob ? RequestFields.Bounded(request.Request.Query["from"].ToString(), RepositoryName.MaxLength) : null;
        var newName = request.Target?.Value;
        var outcome = (change.Error ?? request.Error)?.Code.Code ?? "done";
        var text = new StringBuilder($"audit: {operation} {request.Repository}");
        Append(text, ":", reference);
        Append(text, "@", digest);
        Append(text, request.Operation is RequestOperation.DeleteManifest or RequestOperation.RestoreManifest ? " with tags " : " as ", tags);
        Append(text, " from ", from);
        Append(text, " to ", newName);
        Append(text, ", ", change.Manifests is { } manifests ? Count.Of(manifests, "manifest") : null);
        Append(text, ", ", change.TagCount is { } tagCount ? Count.Of(tagCount, "tag") : null);
        Append(text, ", ", size is null ? null : $"{size} B");
        Append(text, ", before: ", previous);
        text.Append(System.Globalization.CultureInfo.InvariantCulture, $" by {RequestFields.Caller(request)}: {outcome} (request {request.Id})");
        var record = new LogRecord { Text = text.ToString() };
        record.Add("event", AuditEvent.Name).Add("requestId", request.Id).AddCaller(request).Add("operation", operation)
            .Add("repository", request.Repository.Value).Add("reference", reference).Add("digest", digest).Add("tags", tags).Add("previous", previous)
            .Add("from", from).Add("newName", newName).Add("manifests", change.Manifests).Add("tagCount", change.TagCount).Add("size", size).Add("outcome", outcome).Add("status", request.Response.StatusCode);
        logger.Log(level, AuditEvent, record, null, static (line, _) => line.Text);
    }

    private static void Append(StringBuilder text, string lead, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            text.Append(lead).Append(value);
        }
    }
}
