using System.Text;
using System.Text.Json;
using CsCheck;
using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Oci;

public class ManifestReaderPropertyTests
{
    private static readonly byte[] Template = Encoding.UTF8.GetBytes($$$$"""
        {"schemaVersion":2,"mediaType":"{{{{MediaTypes.OciManifest}}}}","artifactType":"a/b",
         "config":{"mediaType":"a/b","digest":"sha256:{{{{new string('1', 64)}}}}","size":2,"platform":{"os":"linux","architecture":"arm64"}},
         "layers":[{"mediaType":"a/b","digest":"sha256:{{{{new string('2', 64)}}}}","size":3,"annotations":{"k":"\u00e4v"}}],
         "subject":{"mediaType":"a/b","digest":"sha512:{{{{new string('3', 128)}}}}","size":7},"annotations":{"a":"b"}}
        """);

    private static readonly Gen<string?> ContentTypes = Gen.OneOfConst<string?>(
        null, MediaTypes.OciManifest, MediaTypes.OciIndex, MediaTypes.DockerManifest, MediaTypes.DockerManifestList, "text/plain", "Application/VND.OCI.image.index.v1+json");

    private static readonly Gen<Descriptor> Descriptors = Gen.Select(
        Gen.OneOfConst("a/b", "application/vnd.oci.image.layer.v1.tar+gzip", "application/ä\"\\\u0001"),
        Gen.Byte.Array[0, 4],
        Gen.OneOfConst([.. DigestAlgorithm.All]),
        Gen.Long[0, long.MaxValue],
        (type, content, algorithm, size) => new Descriptor(type, algorithm.Compute(content), size));

    [Fact]
    public void Random_bytes_are_answered_never_thrown_at() =>
        Gen.Select(Gen.Byte.Array[0, 200], ContentTypes).Sample(IsAnswered, iter: 20_000);

    [Fact]
    public void A_manifest_with_bytes_changed_is_answered_never_thrown_at()
    {
        var changes = Gen.Select(Gen.Int[0, Template.Length - 1], Gen.OneOf(Gen.Byte, Gen.Char["{}[]\",:\\u0nN "].Select(c => (byte)c)));
        Gen.Select(changes.Array[1, 6], Gen.Int[0, 40], Gen.Int[0, 40], ContentTypes).Sample(
            (edits, cutFront, cutBack, contentType) =>
            {
                var bytes = (byte[])Template.Clone();
                foreach (var (at, value) in edits)
                {
                    bytes[at] = value;
                }

                // Half of the time the length stays.
                bytes = cutFront > 20 ? bytes[(cutFront - 20)..] : bytes;
                bytes = cutBack > 20 ? bytes[..^(cutBack - 20)] : bytes;
                return IsAnswered(bytes, contentType);
            },
            iter: 50_000);
    }

    [Fact]
    public void Whatever_can_be_pushed_is_read_back_from_the_tree_as_the_same_manifest()
    {
        var compared = 0;
        Gen.Select(Descriptors, Descriptors.Array[0, 4], Descriptors.Null(), Gen.String.Null(), Gen.Dictionary(Gen.String, Gen.String)[0, 3], Gen.Bool)
            .Sample((config, layers, subject, artifactType, annotations, isIndex) =>
            {
                var bytes = Serialize(config, layers, subject, artifactType, annotations, isIndex);
                if (!ManifestReader.Read(bytes, null).TryGet(out var pushed, out _))
                {
                    // A lone surrogate in a random string, which the serializer replaces or refuses: nothing to compare.
                    return true;
                }

                Interlocked.Increment(ref compared);
                var stored = StoredManifestReader.Read(bytes)!;
                return stored with { Layers = [], Manifests = [] } == pushed with { Layers = [], Manifests = [] }
                    && stored.Layers.SequenceEqual(pushed.Layers)
                    && stored.Manifests.SequenceEqual(pushed.Manifests)
                    && (isIndex ? pushed.Manifests : pushed.Layers).SequenceEqual(layers)
                    && (isIndex || pushed.Config == config)
                    && pushed.Subject == subject;
            });
        Assert.True(compared > 0, "No manifest could be pushed, so nothing was compared.");
    }

    private static bool IsAnswered(byte[] bytes, string? contentType)
    {
        var result = ManifestReader.Read(bytes, contentType);
        var stored = StoredManifestReader.Read(bytes);
        return result.Error is { } error
            ? error.Code == RegistryErrorCode.ManifestInvalid && error.Details.Count == 1
            : stored is not null && stored.MediaType == result.Value.MediaType && stored.Blobs.SequenceEqual(result.Value.Blobs);
    }

    private static byte[] Serialize(
        Descriptor config,
        Descriptor[] others,
        Descriptor? subject,
        string? artifactType,
        Dictionary<string, string> annotations,
        bool isIndex)
    {
        static object Write(Descriptor descriptor) =>
            new { mediaType = descriptor.MediaType, digest = descriptor.Digest.Value, size = descriptor.Size };

        var manifest = new Dictionary<string, object?> { ["schemaVersion"] = 2, ["artifactType"] = artifactType };
        manifest[isIndex ? "manifests" : "layers"] = others.Select(Write);
        if (!isIndex)
        {
            manifest["config"] = Write(config);
        }

        if (subject is not null)
        {
            manifest["subject"] = Write(subject);
        }

        if (annotations.Count > 0)
        {
            manifest["annotations"] = annotations;
        }

        return JsonSerializer.SerializeToUtf8Bytes(manifest);
    }
}
