using System.Text.Json;
using Registry.Core.Changes;

namespace Registry.Events.Formats;

/// <summary>
/// A change as a notification of CNCF distribution (notifications/event.go of version 3.1): an envelope with one event. Only manifests and tags have events there, no renames.
/// </summary>
/// <param name="epoch">See <see cref="IChangeFeed.FindEpochAsync"/>.</param>
/// <param name="externalUrl">Address of the registry; null if it is not known.</param>
/// <param name="host">Name of this machine.</param>
/// <param name="instance">This process.</param>
internal sealed class DistributionEvent(long epoch, string? externalUrl, string host, Guid instance)
{
    /// <summary>Media type of the envelope since version 3.</summary>
    public const string MediaType = "application/vnd.docker.distribution.events.v2+json";

    /// <summary>Media type of the envelope up to version 2.8, the same otherwise. Listeners that look for it drop the other one.</summary>
    public const string MediaTypeV1 = "application/vnd.docker.distribution.events.v1+json";

    private readonly string _host = externalUrl is null ? string.Empty : new Uri(externalUrl).Authority;

    /// <summary>True if <see cref="Has"/> has to know the changes after a change: whether its request has set a tag, too.</summary>
    public static bool DependsOnLater(RegistryChange change) => change is { Kind: ChangeKind.ManifestAdded, Origin.Request: not null };

    /// <summary>
    /// True if there is an event for a change. A push of a new manifest by a tag is one event there, and two changes: a manifest, and a tag that is set to it by the same request.
    /// </summary>
    /// <param name="change">The change.</param>
    /// <param name="later">Changes after it.</param>
    public static bool Has(RegistryChange change, IEnumerable<RegistryChange> later) => change.Kind switch
    {
        ChangeKind.ManifestAdded => !DependsOnLater(change) || !later.Any(next => next.Kind == ChangeKind.TagSet && next.Repository == change.Repository
            && next.Digest == change.Digest && next.Origin.Request == change.Origin.Request),
        ChangeKind.ManifestRemoved or ChangeKind.TagSet or ChangeKind.TagRemoved => true,
        _ => false,
    };

    /// <summary>Writes the envelope.</summary>
    public void Write(Utf8JsonWriter writer, RegistryChange change)
    {
        var isPush = change.Kind is ChangeKind.ManifestAdded or ChangeKind.TagSet;
        writer.WriteStartObject();
        writer.WriteStartArray("events");
        writer.WriteStartObject();
        writer.WriteString("id", new EventId(epoch, change.Sequence).ToString());
        writer.WriteString("timestamp", change.Time.UtcDateTime);
        writer.WriteString("action", isPush ? "push" : "delete");
        WriteTarget(writer, change, isPush);
        writer.WriteStartObject("request");
        writer.WriteString("id", change.Origin.Request ?? string.Empty);
        WriteUnlessEmpty(writer, "addr", change.Origin.Address);
        WriteUnlessEmpty(writer, "host", _host);
        writer.WriteString("method", change.Origin.Request is null ? string.Empty : isPush ? "PUT" : "DELETE");
        writer.WriteString("useragent", change.Origin.Client ?? string.Empty);
        writer.WriteEndObject();
        writer.WriteStartObject("actor");
        WriteUnlessEmpty(writer, "name", change.Origin.Actor);
        writer.WriteEndObject();
        writer.WriteStartObject("source");
        writer.WriteString("addr", host);
        writer.WriteString("instanceID", instance.ToString());
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private void WriteTarget(Utf8JsonWriter writer, RegistryChange change, bool isPush)
    {
        writer.WriteStartObject("target");
        WriteUnlessEmpty(writer, "mediaType", change.MediaType);
        WriteUnlessEmpty(writer, "digest", change.Digest?.Value);
        if (isPush && change.Size is { } size)
        {
            writer.WriteNumber("size", size);
            writer.WriteNumber("length", size);
        }

        writer.WriteString("repository", change.Repository.Value);
        if (isPush && externalUrl is not null)
        {
            writer.WriteString("url", $"{externalUrl.TrimEnd('/')}/v2/{change.Repository}/manifests/{change.Digest}");
        }

        WriteUnlessEmpty(writer, "tag", change.Tag?.Value);
        writer.WriteEndObject();
    }

    // As "omitempty" in its language.
    private static void WriteUnlessEmpty(Utf8JsonWriter writer, string name, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            writer.WriteString(name, text);
        }
    }
}
