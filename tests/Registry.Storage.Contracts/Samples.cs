using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts;

/// <summary>Small content to store, and manifests about it.</summary>
internal static class Samples
{
    public const string ConfigType = "application/vnd.example.config.v1+json";
    public const string LayerType = "application/vnd.oci.image.layer.v1.tar+gzip";
    public const string ForeignType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

    public static RepositoryName Repository(string name) => RepositoryName.Parse(name);

    /// <summary>Bytes from a seed: the same seed gives the same bytes.</summary>
    public static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i++)
        {
            bytes[i] = (byte)((seed * 31) + (i * 7) + (i >> 8));
        }

        return bytes;
    }

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    public static Digest Digest(string text) => DigestAlgorithm.Sha256.Compute(Text(text));

    public static Digest Digest(ReadOnlySpan<byte> content) => DigestAlgorithm.Sha256.Compute(content);

    public static Descriptor Layer(string text, string mediaType = LayerType) => new(mediaType, Digest(text), text.Length);

    public static Descriptor Child(byte[] manifest, string mediaType = MediaTypes.OciManifest) =>
        new(mediaType, Digest(manifest), manifest.Length);

    public static byte[] Image(
        string config, IEnumerable<Descriptor> layers, Descriptor? subject = null, string? artifactType = null, string? note = null) =>
        Image(Layer(config, ConfigType), layers, subject, artifactType, note);

    public static byte[] Image(
        Descriptor config, IEnumerable<Descriptor> layers, Descriptor? subject = null, string? artifactType = null, string? note = null) =>
        Serialize(new()
        {
            ["mediaType"] = MediaTypes.OciManifest,
            ["config"] = Write(config),
            ["layers"] = layers.Select(Write),
            ["subject"] = subject is null ? null : Write(subject),
            ["artifactType"] = artifactType,
            ["annotations"] = note is null ? null : new Dictionary<string, string> { ["note"] = note },
        });

    public static byte[] Index(IEnumerable<Descriptor> children, Descriptor? subject = null) => Serialize(new()
    {
        ["mediaType"] = MediaTypes.OciIndex,
        ["manifests"] = children.Select(Write),
        ["subject"] = subject is null ? null : Write(subject),
    });

    /// <summary>Metadata record of a manifest that is pushed by tag, or by digest without a tag.</summary>
    public static ManifestPut Put(RepositoryName repository, byte[] manifest, params string[] tags)
    {
        var digest = Digest(manifest);
        var parsed = ManifestReader.Read(manifest, null).Value;
        return new ManifestPut
        {
            Repository = repository,
            Digest = digest,
            Size = manifest.Length,
            Manifest = parsed,
            Origin = ContractOrigin.Request,
            Required = RequiredReferences.Of(parsed, ManifestReferences.SparseIndex),
            Tags = [.. tags.Select(Tag.Parse)],
            Reference = tags.Length == 1 ? Tag.Parse(tags[0]) : digest,
        };
    }

    /// <summary>The same push under another setting of the references that must exist.</summary>
    public static ManifestPut Requiring(this ManifestPut put, ManifestReferences references) =>
        put with { Required = RequiredReferences.Of(put.Manifest, references) };

    /// <summary>Request body that has arrived completely.</summary>
    public static PipeReader Body(byte[] content) => PipeReader.Create(new ReadOnlySequence<byte>(content));

    private static object Write(Descriptor descriptor) =>
        new { mediaType = descriptor.MediaType, digest = descriptor.Digest.Value, size = descriptor.Size };

    private static byte[] Serialize(Dictionary<string, object?> members)
    {
        var present = members.Where(member => member.Value is not null).Prepend(new("schemaVersion", 2)).ToDictionary();
        return JsonSerializer.SerializeToUtf8Bytes(present);
    }
}
