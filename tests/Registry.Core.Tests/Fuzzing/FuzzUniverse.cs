using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Fuzzing;

#pragma warning disable CA5394 // No secrets: the same seed makes the same universe.

/// <summary>
/// Everything that one run pushes and asks for. There is little of it, so that operations meet: blobs that many manifests share, the same bytes
/// under two algorithms, manifests that are pushed as blobs, indexes of images, subjects that are there and that are not.
/// </summary>
internal sealed class FuzzUniverse
{
    private const int BlobCount = 9;
    private const int ManifestCount = 20;
    private const int SmallContentLimit = 16 * 1024;
    private static readonly string[] ArtifactTypes = ["application/vnd.example.signature", "application/vnd.example.sbom"];

    private readonly Random _random;

    /// <param name="random">Makes the choices.</param>
    /// <param name="hasLargeBlobs">True for a third of the blobs that are too large to be small content.</param>
    public FuzzUniverse(Random random, bool hasLargeBlobs)
    {
        _random = random;

        // An empty one, and one that is too large to be kept in memory.
        Blobs.Add(new FuzzContent([], DigestAlgorithm.Sha256));
        Blobs.Add(new FuzzContent(Samples.Bytes(1, BlobSource.MaxInMemory + 1), DigestAlgorithm.Sha256));
        for (var i = Blobs.Count; i < BlobCount; i++)
        {
            Blobs.Add(new FuzzContent(Samples.Bytes(i, random.Next(1, 400) + (hasLargeBlobs && i % 3 == 0 ? SmallContentLimit : 0)), i % 4 == 0 ? DigestAlgorithm.Sha512 : DigestAlgorithm.Sha256));
        }

        Blobs.Add(new FuzzContent(Blobs[^1].Bytes, DigestAlgorithm.Sha512));
        for (var i = 0; i < ManifestCount; i++)
        {
            var bytes = MakeManifest(i);
            var algorithm = i % 6 == 5 ? DigestAlgorithm.Sha512 : DigestAlgorithm.Sha256;
            Manifests.Add(new FuzzContent(bytes, algorithm, ManifestReader.Read(bytes, null).Value));
        }

        Contents = [.. Blobs, .. Manifests];
    }

    public IReadOnlyList<RepositoryName> Repositories { get; } = [.. new[] { "a", "a/b", "a/c/d", "b" }.Select(RepositoryName.Parse)];

    public IReadOnlyList<Tag> Tags { get; } = [.. new[] { "latest", "V1", "v1", "v1.0", "_" }.Select(Tag.Parse)];

    public List<FuzzContent> Blobs { get; } = [];

    public List<FuzzContent> Manifests { get; } = [];

    /// <summary>Blobs and manifests: the bytes of both can be pushed as a blob.</summary>
    public IReadOnlyList<FuzzContent> Contents { get; }

    private byte[] MakeManifest(int number)
    {
        var subject = _random.Next(3) == 0 ? Describe(number > 0 && _random.Next(4) > 0 ? Any(Manifests) : Any(Blobs), MediaTypes.OciManifest) : null;
        if (number > 4 && _random.Next(4) == 0)
        {
            var children = Some(Manifests).Select(child => Describe(child, child.Manifest!.MediaType)).ToList();
            if (_random.Next(4) == 0)
            {
                children.Add(Describe(Any(Blobs), Samples.LayerType));
            }

            return Samples.Index(children, subject);
        }

        var layers = Some(Blobs).Select(layer => Describe(layer, _random.Next(6) == 0 ? Samples.ForeignType : Samples.LayerType));
        var artifactType = _random.Next(2) == 0 ? ArtifactTypes[_random.Next(ArtifactTypes.Length)] : null;
        return Samples.Image(Describe(Any(Blobs), Samples.ConfigType), layers, subject, artifactType, $"manifest {number}");
    }

    private List<FuzzContent> Some(List<FuzzContent> from) =>
        from.Count == 0 ? [] : [.. Enumerable.Range(0, _random.Next(4)).Select(_ => Any(from)).Distinct()];

    private FuzzContent Any(List<FuzzContent> from) => from[_random.Next(from.Count)];

    private static Descriptor Describe(FuzzContent content, string mediaType) => new(mediaType, content.Digest, content.Bytes.Length);
}
