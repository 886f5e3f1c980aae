using System.Globalization;
using System.Text.Json;

namespace Registry.Storage.S3.Blobs;

/// <summary>Content of the object <c>registry.json</c>, by which a registry recognizes its bucket and prefix.</summary>
/// <param name="Number">The mark, a random number; 0 for an object that no registry wrote.</param>
/// <param name="Writer">Host of the process that wrote it, for operators.</param>
/// <param name="WrittenAt">Time of that host, for operators.</param>
internal sealed record BucketMark(long Number, string Writer, DateTimeOffset WrittenAt)
{
    /// <summary>Key of the object.</summary>
    public const string Key = "registry.json";

    /// <summary>Largest size that is read, in bytes.</summary>
    public const int MaxSize = 4096;

    /// <summary>Chooses a mark.</summary>
    public static long NewNumber() => Random.Shared.NextInt64(1, long.MaxValue);

    /// <summary>Reads an object. Content that is none of a registry has the number 0.</summary>
    public static BucketMark Parse(ReadOnlyMemory<byte> content)
    {
        try
        {
            using var document = JsonDocument.Parse(content);
            var number = long.Parse(document.RootElement.GetProperty("mark").GetString()!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            return new BucketMark(
                number, document.RootElement.GetProperty("writtenBy").GetString() ?? string.Empty, document.RootElement.GetProperty("writtenAt").GetDateTimeOffset());
        }
        catch (Exception e) when (e is JsonException or FormatException or KeyNotFoundException or InvalidOperationException or ArgumentNullException or OverflowException)
        {
            return new BucketMark(0, string.Empty, default);
        }
    }

    /// <summary>The content.</summary>
    public byte[] ToJson()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("mark", Number.ToString("x16", CultureInfo.InvariantCulture));
            writer.WriteString("writtenBy", Writer);
            writer.WriteString("writtenAt", WrittenAt.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }
}
