using System.Text.Json;
using Registry.Core.Changes;

namespace Registry.Events.Formats;

/// <summary>A change as an event of CloudEvents 1.0, in its JSON format. Webhooks and the list of changes have the same.</summary>
/// <param name="epoch">See <see cref="IChangeFeed.FindEpochAsync"/>.</param>
/// <param name="externalUrl">Address of the registry; null if it is not known.</param>
public sealed class CloudEvent(long epoch, string? externalUrl)
{
    /// <summary>Media type of an event.</summary>
    public const string MediaType = "application/cloudevents+json";

    // Without an address, the source is a name (RFC 8141) that no other registry has.
    private readonly string _source = externalUrl ?? $"urn:registry:{new EventId(epoch, 0).ToString().Split('-')[0]}";

    /// <summary>Writes a change of the history.</summary>
    public void Write(Utf8JsonWriter writer, RegistryChange change)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(change);
        writer.WriteStartObject();
        writer.WriteString("specversion", "1.0");
        writer.WriteString("id", new EventId(epoch, change.Sequence).ToString());
        writer.WriteString("source", _source);
        writer.WriteString("type", $"registry.{ChangeKindName.Of(change.Kind)}");
        writer.WriteString("subject", SubjectOf(change));
        writer.WriteString("time", change.Time.UtcDateTime);
        writer.WriteString("datacontenttype", "application/json");
        writer.WriteStartObject("data");
        writer.WriteString("kind", ChangeKindName.Of(change.Kind));
        writer.WriteString("repository", change.Repository.Value);
        WriteText(writer, "newName", change.NewName?.Value);
        WriteText(writer, "tag", change.Tag?.Value);
        WriteText(writer, "digest", change.Digest?.Value);
        WriteText(writer, "previous", change.Previous?.Value);
        WriteText(writer, "mediaType", change.MediaType);
        if (change.Size is { } size)
        {
            writer.WriteNumber("size", size);
        }

        WriteText(writer, "reason", change.Reason);
        writer.WriteStartObject("origin");
        writer.WriteString("source", ChangeSourceName.Of(change.Origin.Source));
        writer.WriteString("actor", change.Origin.Actor);
        WriteText(writer, "address", change.Origin.Address);
        WriteText(writer, "client", change.Origin.Client);
        WriteText(writer, "requestId", change.Origin.Request);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static string SubjectOf(RegistryChange change) => change switch
    {
        { Tag: { } tag } => $"{change.Repository}:{tag}",
        { Digest: { } digest } => $"{change.Repository}@{digest}",
        _ => change.Repository.Value,
    };

    private static void WriteText(Utf8JsonWriter writer, string name, string? text)
    {
        if (text is not null)
        {
            writer.WriteString(name, text);
        }
    }
}
