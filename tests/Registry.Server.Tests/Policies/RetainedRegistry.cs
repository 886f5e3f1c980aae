using System.Collections.Concurrent;

namespace Registry.Server.Tests.Policies;

/// <summary>
/// Images as teams push them: every third one for two platforms, signed under a tag, by a referrer, or not at all, with SBOMs of platforms, tags of releases, a nightly tag that moves on, and
/// images that have only a digest.
/// </summary>
/// <param name="client">The client that pushes and pulls.</param>
internal sealed class RetainedRegistry(HttpClient client)
{
    private static readonly TestBlob Layer = TestBlob.Random(2000);

    private readonly ConcurrentBag<RetainedImage> _images = [];

    /// <summary>The images with a tag that still names them, and those without one.</summary>
    public IReadOnlyList<RetainedImage> Images => [.. _images];

    /// <summary>Pushes images into a repository, one after the other.</summary>
    public async Task PushAsync(string repository, int count)
    {
        await client.PushBlobAsync(repository, Layer);
        RetainedImage? nightly = null;
        for (var i = 0; i < count; i++)
        {
            var tag = i % 10 == 3 ? $"release-{i:D5}" : $"build-{i:D5}";
            _images.Add(await PushAsync(repository, tag, i));
            if (i % 10 == 5)
            {
                Keep(nightly);
                nightly = await PushAsync(repository, "nightly", i);
            }

            if (i % 20 == 7)
            {
                _images.Add(await PushAsync(repository, null, i));
            }
        }

        _images.Add(nightly ?? await PushAsync(repository, "nightly", count));
    }

    /// <summary>Pulls all of an image: its platforms, their blobs, and what belongs to it.</summary>
    public async Task PullAsync(RetainedImage image)
    {
        await PullAsync(image.Repository, image.Tag ?? image.Image.Digest, image.Image);
        if (image.TagSignature is { } signature)
        {
            await PullAsync(image.Repository, image.SignatureTag, signature);
        }

        await PullReferrerAsync(image.Repository, image.Image, image.Referrer);
        await PullReferrerAsync(image.Repository, image.Image.Children is [var first, ..] ? first : image.Image, image.Sbom);
    }

    private void Keep(RetainedImage? nightly)
    {
        if (nightly is not null)
        {
            _images.Add(nightly with { Tag = null });
        }
    }

    private async Task<RetainedImage> PushAsync(string repository, string? tag, int number)
    {
        var content = number % 3 == 0 ? TestImage.Index([TestImage.Of([Layer]), TestImage.Of([Layer])]) : TestImage.Of([Layer]);
        foreach (var platform in content.Children)
        {
            await PushManifestAsync(repository, platform.Digest, platform);
        }

        await PushManifestAsync(repository, tag ?? content.Digest, content);
        var image = new RetainedImage(repository, tag, content)
        {
            TagSignature = number % 4 == 0 ? TestImage.Of([Layer]) : null,
            Referrer = number % 4 == 1 || number % 8 == 0 ? Refer(content) : null,
            Sbom = number % 6 == 0 ? Refer(content.Children[0]) : null,
        };
        if (image.TagSignature is { } signature)
        {
            await PushManifestAsync(repository, image.SignatureTag, signature);
        }

        foreach (var referrer in new[] { image.Referrer, image.Sbom }.OfType<TestImage>())
        {
            await PushManifestAsync(repository, referrer.Digest, referrer);
        }

        return image;
    }

    private static TestImage Refer(TestImage subject) => TestImage.Of(
        TestBlob.OfText($$"""{"id":"{{Guid.NewGuid()}}"}"""), [Layer], manifest => manifest["subject"] = subject.Describe());

    private async Task PushManifestAsync(string repository, string reference, TestImage image)
    {
        if (image.Blobs.Count > 0)
        {
            await client.PushBlobAsync(repository, image.Blobs[0]);
        }

        Check.Status(201, await client.PutManifestAsync(repository, reference, image));
    }

    private async Task PullAsync(string repository, string reference, TestImage image)
    {
        Assert.Equal(image.Manifest.Bytes, Check.Status(200, await client.GetAnswerAsync($"/v2/{repository}/manifests/{reference}")).Body);
        foreach (var platform in image.Children)
        {
            await PullAsync(repository, platform.Digest, platform);
        }

        foreach (var blob in image.Blobs)
        {
            Assert.Equal(blob.Bytes, Check.Status(200, await client.GetAnswerAsync($"/v2/{repository}/blobs/{blob.Digest}")).Body);
        }
    }

    private async Task PullReferrerAsync(string repository, TestImage subject, TestImage? referrer)
    {
        if (referrer is not null)
        {
            var list = Check.Status(200, await client.GetAnswerAsync($"/v2/{repository}/referrers/{subject.Digest}")).Json.GetProperty("manifests");
            Assert.Contains(list.EnumerateArray(), one => one.GetProperty("digest").GetString() == referrer.Digest);
            await PullAsync(repository, referrer.Digest, referrer);
        }
    }
}
