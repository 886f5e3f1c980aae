using System.Buffers;
using System.Text.Json;
using Registry.Core.Oci;

namespace Registry.Mirror.Upstreams;

/// <summary>Joins pages of referrers to an image index.</summary>
/// <param name="name">Name of the upstream, for messages.</param>
/// <param name="limit">Size of the largest index in bytes.</param>
internal sealed class ReferrersIndex(string name, int limit)
{
    private readonly List<JsonDocument> _pages = [];
    private long _size;

    /// <summary>Adds the descriptors of a page.</summary>
    /// <param name="json">An image index.</param>
    /// <exception cref="UpstreamException">The page is none, or all together are too large.</exception>
    public void Add(ReadOnlyMemory<byte> json)
    {
        _size += json.Length;
        if (_size > limit)
        {
            throw new UpstreamException(UpstreamFaultKind.Wrong, $"{name} sent referrers of more than {limit} bytes");
        }

        _pages.Add(LenientJson.Parse(json) ?? throw new UpstreamException(UpstreamFaultKind.Wrong, $"{name} sent referrers that are no image index"));
    }

    /// <summary>The index.</summary>
    public ReadOnlyMemory<byte> Write()
    {
        var content = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(content))
        {
            json.WriteStartObject();
            json.WriteNumber("schemaVersion", 2);
            json.WriteString("mediaType", MediaTypes.OciIndex);
            json.WriteStartArray("manifests");
            foreach (var page in _pages)
            {
                if (page.RootElement.Member("manifests") is { ValueKind: JsonValueKind.Array } manifests)
                {
                    foreach (var descriptor in manifests.EnumerateArray().Where(one => one.ValueKind == JsonValueKind.Object))
                    {
                        // As it is: an escape that is no character can be copied, and not written.
                        json.WriteRawValue(descriptor.GetRawText(), skipInputValidation: true);
                    }
                }

                page.Dispose();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return content.WrittenMemory;
    }
}
