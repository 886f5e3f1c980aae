using System.Collections.Concurrent;
using Registry.Testing;

namespace Registry.Torture.Mirroring;

/// <summary>What clients of the upstream itself push there, and what its tags have named since the beginning.</summary>
/// <param name="upstream">The upstream, without the relay.</param>
internal sealed class UpstreamContent(HttpClient upstream)
{
    /// <summary>Version of a tag that is deleted.</summary>
    public const string Absent = "";

    private const int Repositories = 4;
    private const int Tags = 3;
    private const int MaxLayer = 1_000_000;

    private readonly ConcurrentDictionary<string, UpstreamImage> _images = new();
    private readonly ConcurrentDictionary<string, UpstreamImage> _cold = new();
    private readonly ConcurrentDictionary<(string Repository, string Tag), UpstreamTag> _tags = new();

    /// <summary>All images.</summary>
    public ICollection<UpstreamImage> Images => _images.Values;

    /// <summary>Those that no client has pulled whole.</summary>
    public ICollection<UpstreamImage> Cold => _cold.Values;

    /// <summary>All tags.</summary>
    public ICollection<UpstreamTag> AllTags => _tags.Values;

    /// <summary>Notes that an image was pulled whole.</summary>
    public void Pulled(UpstreamImage image) => _cold.TryRemove(image.Digest, out _);

    /// <summary>Finds an image by its digest.</summary>
    public UpstreamImage? Find(string digest) => _images.GetValueOrDefault(digest);

    /// <summary>Chooses a tag.</summary>
    public UpstreamTag Choose(Random random)
    {
        var key = ($"torture/a{random.Next(Repositories)}", $"t{random.Next(Tags)}");
        return _tags.GetOrAdd(key, _ => new UpstreamTag(key.Item1, key.Item2));
    }

    /// <summary>Moves a tag to a new image.</summary>
    public async Task PushAsync(Random random)
    {
        var tag = Choose(random);
        var layers = Enumerable.Range(0, 1 + random.Next(3)).Select(_ => TestBlob.Random(1 + (int)(MaxLayer * Math.Pow(random.NextDouble(), 3)))).ToList();
        var image = TestImage.Of(layers);
        foreach (var blob in image.Blobs)
        {
            await upstream.PushBlobAsync(tag.Repository, blob);
        }

        var known = new UpstreamImage(tag.Repository, image.Digest, [.. image.Blobs.Select(blob => (blob.Digest, blob.Bytes.Length))]);
        _images[image.Digest] = known;
        await tag.ChangeAsync(image.Digest, async () => Expect(201, await upstream.PutManifestAsync(tag.Repository, tag.Name, image)));
        _cold[image.Digest] = known;
    }

    /// <summary>Deletes a tag; its image stays.</summary>
    public async Task DeleteAsync(Random random)
    {
        var tag = Choose(random);
        await tag.ChangeAsync(Absent, async () => Expect(202, await upstream.RequestAsync("DELETE", $"/v2/{tag.Repository}/manifests/{tag.Name}")));
    }

    private static void Expect(int status, Answer answer)
    {
        if (answer.Status != status)
        {
            throw new InvalidOperationException($"the upstream answered {answer} in place of {status}");
        }
    }
}
