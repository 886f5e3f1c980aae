using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Registry.Core.Changes;
using Registry.Events.Configuration;

namespace Registry.Events.Formats;

/// <summary>Bodies of events in the format of an endpoint.</summary>
/// <param name="format">The format.</param>
/// <param name="epoch">See <see cref="IChangeFeed.FindEpochAsync"/>.</param>
/// <param name="externalUrl">Address of the registry; null if it is not known.</param>
/// <param name="instance">This process.</param>
internal sealed class EventWriter(EventFormat format, long epoch, string? externalUrl, Guid instance)
{
    // The bodies are no HTML.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly CloudEvent _cloud = new(epoch, externalUrl);
    private readonly DistributionEvent _distribution = new(epoch, externalUrl, Environment.MachineName, instance);

    /// <summary>Media type of the bodies.</summary>
    public string MediaType => format switch
    {
        EventFormat.Distribution => DistributionEvent.MediaType,
        EventFormat.DistributionV1 => DistributionEvent.MediaTypeV1,
        _ => CloudEvent.MediaType,
    };

    /// <summary>True if <see cref="Has"/> has to know the changes after a change.</summary>
    public bool DependsOnLater(RegistryChange change) => format != EventFormat.CloudEvents && DistributionEvent.DependsOnLater(change);

    /// <summary>True if the format has an event for a change.</summary>
    /// <param name="change">The change.</param>
    /// <param name="later">Changes after it that the endpoint wants; none unless it depends on them.</param>
    public bool Has(RegistryChange change, IEnumerable<RegistryChange> later) => format == EventFormat.CloudEvents || DistributionEvent.Has(change, later);

    /// <summary>Id of the event of a change.</summary>
    public string IdOf(RegistryChange change) => new EventId(epoch, change.Sequence).ToString();

    /// <summary>Writes the body of the event of a change.</summary>
    public byte[] Write(RegistryChange change)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(buffer, Options);
        if (format == EventFormat.CloudEvents)
        {
            _cloud.Write(writer, change);
        }
        else
        {
            _distribution.Write(writer, change);
        }

        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
