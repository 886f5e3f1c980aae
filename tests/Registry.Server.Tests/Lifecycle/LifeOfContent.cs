using System.Text.Json;
using System.Text.Json.Nodes;

namespace Registry.Server.Tests.Lifecycle;

/// <summary>Steps from the push to the deletion of content, each with every check that a client can make.</summary>
internal sealed class LifeOfContent(HttpClient client, ContentKind content)
{
    private readonly string _repository = $"lifecycle/{Guid.NewGuid():N}";

    // A tag or two for each manifest, in an order that is not theirs.
    private readonly Dictionary<string, TestImage> _tags = content.All
        .SelectMany((image, i) => new[] { ($"z-{9 - i}", image), ($"A{i}.x_", image) }).ToDictionary(tag => tag.Item1, tag => tag.image);

    private IReadOnlyList<TestBlob> Blobs => [.. content.All.SelectMany(image => image.Blobs).DistinctBy(blob => blob.Digest)
        .Where(blob => content.MissingBlobs.All(missing => missing.Digest != blob.Digest))];

    public async Task RunAsync()
    {
        await AssertEmptyAsync();
        foreach (var (blob, i) in Blobs.Select((blob, i) => (blob, i)))
        {
            await PushBlobAsync(blob, i);
        }

        await RefuseBadDigestAsync();
        foreach (var image in content.All)
        {
            await PushManifestAsync(image);
        }

        await AssertTagsAsync();
        await AssertContentAsync();
        await AssertReferrersAsync();
        await DeleteAsync();
    }

    private async Task AssertEmptyAsync()
    {
        Check.Status(404, await client.GetAnswerAsync($"/v2/{_repository}/tags/list"));
        Assert.Empty(await ReferrersAsync(TestBlob.Random().Digest));
        foreach (var image in content.All)
        {
            Check.Status(404, await client.GetAnswerAsync(Manifest(image)));
            Check.Status(404, await client.HeadAnswerAsync(Manifest(image)));
        }

        foreach (var blob in Blobs)
        {
            Check.Status(404, await client.HeadAnswerAsync(Blob(blob)));
        }
    }

    // The four ways, in turn.
    private async Task PushBlobAsync(TestBlob blob, int way)
    {
        var digest = blob.In(content.Algorithm);
        Answer answer;
        if (way % 4 == 0)
        {
            answer = await client.RequestAsync("POST", $"/v2/{_repository}/blobs/uploads/?digest={digest}", blob.Bytes);
        }
        else
        {
            var location = await client.BeginUploadAsync(_repository);
            var half = blob.Bytes.Length / 2;
            switch (way % 4)
            {
                case 2:
                    location = Check.Status(202, await client.RequestAsync("PATCH", location, blob.Bytes[..half], ("Content-Range", $"0-{half - 1}"))).Location;
                    location = Check.Status(202, await client.RequestAsync("PATCH", location, blob.Bytes[half..], ("Content-Range", $"{half}-{blob.Bytes.Length - 1}"))).Location;
                    break;
                case 3:
                    location = Check.Status(202, await client.StreamAsync("PATCH", location, blob.Bytes)).Location;
                    break;
            }

            answer = await client.RequestAsync("PUT", location.WithDigest(digest), way % 4 == 1 ? blob.Bytes : []);
        }

        Assert.Equal(digest, Check.Status(201, answer)["Docker-Content-Digest"]);
        Assert.Equal(blob.Bytes, Check.Status(200, await client.GetAnswerAsync(answer.Location)).Body);
    }

    private async Task RefuseBadDigestAsync()
    {
        var image = content.All.First();
        var body = image.Manifest.Bytes.Concat("  "u8.ToArray()).ToArray();

        var answer = await client.RequestAsync("PUT", Manifest(image), body, ("Content-Type", image.MediaType));

        Check.Error(400, "DIGEST_INVALID", "provided digest did not match uploaded content", answer);
        Check.Status(404, await client.HeadAnswerAsync(Manifest(image)));
    }

    private async Task PushManifestAsync(TestImage image)
    {
        List<string> tags = [.. _tags.Where(tag => tag.Value.Digest == image.Digest).Select(tag => tag.Key)];
        var subject = JsonNode.Parse(image.ToString())!["subject"]?["digest"]!.GetValue<string>();

        var query = content.TagsInQuery ? "?" + string.Join('&', tags.Select(tag => $"tag={tag}")) : "";
        var answer = Check.Status(201, await client.PutManifestAsync(_repository, image.Manifest.In(content.Algorithm) + query, image));
        Assert.Equal(image.Manifest.In(content.Algorithm), answer["Docker-Content-Digest"]);
        Assert.Equal(subject, answer["OCI-Subject"]);
        Assert.Equal(content.TagsInQuery ? tags : [], answer.All("OCI-Tag"));
        await AssertManifestAsync(answer.Location, image);
        if (content.TagsInQuery)
        {
            return;
        }

        foreach (var tag in tags)
        {
            var tagged = Check.Status(201, await client.PutManifestAsync(_repository, tag, image));
            Assert.Equal(image.Digest, tagged["Docker-Content-Digest"]);
            Assert.Equal(subject, tagged["OCI-Subject"]);
            await AssertManifestAsync(tagged.Location, image);
        }
    }

    private async Task AssertTagsAsync()
    {
        var sorted = _tags.Keys.Order(StringComparer.Ordinal).ToList();
        Assert.Equal(sorted, (await client.GetAnswerAsync($"/v2/{_repository}/tags/list")).Strings("tags"));
        for (var i = 0; i < sorted.Count; i++)
        {
            Assert.Equal(sorted[(i + 1)..], (await client.GetAnswerAsync($"/v2/{_repository}/tags/list?last={sorted[i]}")).Strings("tags"));
            Assert.Equal(sorted[..i], (await client.GetAnswerAsync($"/v2/{_repository}/tags/list?n={i}")).Strings("tags"));
        }
    }

    private async Task AssertContentAsync()
    {
        foreach (var (tag, image) in _tags)
        {
            await AssertManifestAsync($"/v2/{_repository}/manifests/{tag}", image);
        }

        foreach (var blob in Blobs)
        {
            var head = Check.Status(200, await client.HeadAnswerAsync(Blob(blob)));
            Assert.Equal((blob.Bytes.Length, blob.In(content.Algorithm)), (head.Length, head["Docker-Content-Digest"]));
            Assert.Equal(blob.Bytes, Check.Status(200, await client.GetAnswerAsync(Blob(blob))).Body);
        }
    }

    private async Task AssertManifestAsync(string path, TestImage image)
    {
        var get = Check.Status(200, await client.GetAnswerAsync(path, ("Accept", TestImage.OciIndex), ("Accept", TestImage.OciManifest)));
        var head = Check.Status(200, await client.HeadAnswerAsync(path));
        Assert.Equal(image.Manifest.Bytes, get.Body);
        Assert.Empty(head.Body);
        foreach (var answer in new[] { get, head })
        {
            Assert.Equal((image.MediaType, image.Manifest.Bytes.Length), (answer["Content-Type"], answer.Length));
            Assert.Contains(answer["Docker-Content-Digest"], (string[])[image.Digest, image.Manifest.In(content.Algorithm)]);
        }
    }

    private async Task AssertReferrersAsync()
    {
        var bySubject = content.All.Where(image => Json(image)["subject"] is not null).ToLookup(image => Json(image)["subject"]!["digest"]!.GetValue<string>());
        foreach (var group in bySubject)
        {
            Assert.Equal(Expected(group), await ReferrersAsync(group.Key));
            foreach (var type in group.Select(ArtifactType).Distinct())
            {
                Assert.Equal(Expected(group.Where(image => ArtifactType(image) == type)), await ReferrersAsync(group.Key, type));
            }
        }

        foreach (var image in content.All.Where(image => !bySubject.Contains(image.Digest)))
        {
            Assert.Empty(await ReferrersAsync(image.Digest));
        }

        static JsonNode Json(TestImage image) => JsonNode.Parse(image.ToString())!;
        static string ArtifactType(TestImage image) => (Json(image)["artifactType"] ?? Json(image)["config"]!["mediaType"])!.GetValue<string>();
        static IEnumerable<string> Expected(IEnumerable<TestImage> images) => images
            .Select(image => $"{image.Digest} {image.MediaType} {image.Manifest.Bytes.Length} {ArtifactType(image)} {Json(image)["annotations"]?.ToJsonString()}")
            .Order(StringComparer.Ordinal);
    }

    private async Task<IReadOnlyList<string>> ReferrersAsync(string subject, string? artifactType = null)
    {
        var query = artifactType is null ? "" : $"?artifactType={Uri.EscapeDataString(artifactType)}";
        var answer = Check.Status(200, await client.GetAnswerAsync($"/v2/{_repository}/referrers/{subject}{query}"));
        Assert.Equal(TestImage.OciIndex, answer["Content-Type"]);
        Assert.Equal((2, TestImage.OciIndex), (answer.Json.GetProperty("schemaVersion").GetInt32(), answer.Json.GetProperty("mediaType").GetString()));
        Assert.Equal(artifactType is null ? null : "artifactType", answer["OCI-Filters-Applied"]);
        return [.. answer.Json.GetProperty("manifests").EnumerateArray().Select(item =>
            $"{item.GetProperty("digest")} {item.GetProperty("mediaType")} {item.GetProperty("size")} {Optional(item, "artifactType")} {Optional(item, "annotations")}")];

        static string? Optional(JsonElement item, string name) => item.TryGetProperty(name, out var value) ? value.ToString() : null;
    }

    // Tags, manifests from the last to the first, blobs; each is gone at once.
    private async Task DeleteAsync()
    {
        foreach (var tag in _tags.Keys)
        {
            await DeleteAsync($"/v2/{_repository}/manifests/{tag}");
        }

        Assert.Empty((await client.GetAnswerAsync($"/v2/{_repository}/tags/list")).Strings("tags"));
        foreach (var image in content.All.Reverse())
        {
            await DeleteAsync(Manifest(image));
            if (content.Algorithm != "sha256" && !content.TagsInQuery)
            {
                // A push by tag is a push in sha256.
                await DeleteAsync($"/v2/{_repository}/manifests/{image.Digest}");
            }
        }

        foreach (var blob in Blobs)
        {
            await DeleteAsync(Blob(blob));
        }
    }

    private async Task DeleteAsync(string path)
    {
        Check.Status(202, await client.RequestAsync("DELETE", path));
        Check.Status(404, await client.HeadAnswerAsync(path));
        Check.Status(404, await client.GetAnswerAsync(path));
        Check.Status(404, await client.RequestAsync("DELETE", path));
    }

    private string Manifest(TestImage image) => $"/v2/{_repository}/manifests/{image.Manifest.In(content.Algorithm)}";

    private string Blob(TestBlob blob) => $"/v2/{_repository}/blobs/{blob.In(content.Algorithm)}";
}
