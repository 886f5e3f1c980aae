using System.Text.Json;

namespace Registry.Testing.Signatures;

/// <summary>
/// What cosign 2.5 and 3.1 have pushed, recorded once with keys that exist for nothing else: an image, an index of two platforms, and signatures of both in all formats
/// (<c>recorded.json</c>, which names the commands).
/// </summary>
public static class Recordings
{
    private static readonly JsonElement File = Read();

    /// <summary>Recordings of signatures of the image and of the index: under a tag, as a referrer, as a bundle.</summary>
    public static readonly IReadOnlyList<string> Formats = ["tag-2", "referrer-2", "tag-3", "bundle-3"];

    /// <summary>Recordings of signatures of the image.</summary>
    public static readonly IReadOnlyList<string> Signatures = [.. Names().Where(name => !name.StartsWith("attestation", StringComparison.Ordinal))];

    /// <summary>Recordings of attestations of the image, by the same key as <see cref="Formats"/>.</summary>
    public static readonly IReadOnlyList<string> Attestations = [.. Names().Except(Signatures)];

    /// <summary>Names of the keys.</summary>
    public static readonly IReadOnlyList<string> Keys = [.. File.GetProperty("keys").EnumerateObject().Select(key => key.Name)];

    /// <summary>The image.</summary>
    public static readonly TestImage Image = ImageOf(File.GetProperty("single"));

    /// <summary>The index.</summary>
    public static readonly TestImage Index = ImageOf(File.GetProperty("multi"));

    /// <summary>A public key as PEM.</summary>
    public static string Key(string name) => File.GetProperty("keys").GetProperty(name).GetString()!;

    /// <summary>Name of the key of a recording.</summary>
    public static string KeyOf(string name) => Find(name).GetProperty("key").GetString()!;

    /// <summary>The signature of an image in a recording.</summary>
    public static RecordedSignature Of(string name, TestImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var artifact = Find(name).GetProperty("artifacts").EnumerateArray().Single(one => one.GetProperty("subject").GetString() == image.Digest);
        return new RecordedSignature(
            image.Digest,
            artifact.TryGetProperty("tag", out var tag) ? tag.GetString() : null,
            TestImage.Written(artifact.GetProperty("manifest").GetString()!, [.. artifact.GetProperty("blobs").EnumerateArray().Select(blob => TestBlob.OfText(blob.GetString()!))], []));
    }

    private static IEnumerable<string> Names() => File.GetProperty("recordings").EnumerateArray().Select(one => one.GetProperty("name").GetString()!);

    private static JsonElement Find(string name) => File.GetProperty("recordings").EnumerateArray().Single(one => one.GetProperty("name").GetString() == name);

    private static TestImage ImageOf(JsonElement image) => TestImage.Written(
        image.GetProperty("manifest").GetString()!,
        image.TryGetProperty("blobs", out var blobs) ? [.. blobs.EnumerateArray().Select(blob => new TestBlob(blob.GetBytesFromBase64()))] : [],
        image.TryGetProperty("children", out var children) ? [.. children.EnumerateArray().Select(ImageOf)] : []);

    private static JsonElement Read()
    {
        using var stream = typeof(Recordings).Assembly.GetManifestResourceStream("recorded.json")!;
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }
}
