using System.Globalization;

namespace Registry.Server.Tests.Migration;

/// <summary>Repositories with everything that a registry can hold, and what each client must find of it.</summary>
internal sealed class SampleContent
{
    private const string App = "team/app";
    private const string Tool = "team/tool";

    private readonly List<(string Repository, TestImage Image)> _images = [];
    private readonly List<(string Repository, TestImage Image)> _deleted = [];
    private readonly List<(string Repository, TestBlob Blob)> _loose = [];
    private readonly Dictionary<(string Repository, string Tag), TestImage> _tags = [];

    /// <summary>Pushes an index, images with and without tags and with layers in common, a signature, SHA-512, and a blob that no manifest needs.</summary>
    public async Task PushAsync(HttpClient client)
    {
        var first = TestImage.Create(layers: 2, layerSize: 40_000);
        var index = TestImage.Index([first, TestImage.Create(layerSize: 20_000_000)]);
        await PushAsync(client, App, index, "1.0", "latest");
        await PushAsync(client, App, TestImage.Create(), "old");
        await PushAsync(client, App, TestImage.Create());
        await PushAsync(client, App, TestImage.Create(mediaType: TestImage.DockerManifest), "docker");
        await PushAsync(client, App, TestImage.Artifact("application/vnd.test.signature", index));
        await PushAsync(client, Tool, TestImage.On(first, layerSize: 100_000), "1");
        _loose.Add((App, await client.PushBlobAsync(App, TestBlob.Random(50_000))));
        _loose.Add((Tool, await client.PushBlobAsync(Tool, TestBlob.Random(10))));
        _loose.Add(("only/blobs", await client.PushBlobAsync("only/blobs", _loose[0].Blob)));
    }

    /// <summary>Moves and deletes tags, manifests and blobs, and pushes new ones.</summary>
    public async Task ChangeAsync(HttpClient client)
    {
        await PushAsync(client, App, TestImage.Create(layers: 3), "latest");
        await PushAsync(client, "team/new", TestImage.Create(), "1");
        Expect(202, await client.RequestAsync("DELETE", $"/v2/{App}/manifests/1.0"));
        _tags.Remove((App, "1.0"));
        var old = _tags[(App, "old")];
        Expect(202, await client.RequestAsync("DELETE", $"/v2/{App}/manifests/{old.Digest}"));
        _tags.Remove((App, "old"));
        _images.Remove((App, old));
        _deleted.Add((App, old));
        Expect(202, await client.RequestAsync("DELETE", $"/v2/{_loose[1].Repository}/blobs/{_loose[1].Blob.Digest}"));
        _loose.RemoveAt(1);
        var tool = _tags[(Tool, "1")];
        Expect(202, await client.RequestAsync("DELETE", $"/v2/{Tool}/manifests/{tool.Digest}"));
        _tags.Remove((Tool, "1"));
        _images.Remove((Tool, tool));
        _deleted.Add((Tool, tool));
    }

    /// <summary>Pushes an image with tags.</summary>
    public async Task PushAsync(HttpClient client, string repository, TestImage image, params string[] tags)
    {
        await client.PushAsync(repository, image, tags);
        lock (_images)
        {
            _images.Add((repository, image));
            foreach (var tag in tags)
            {
                _tags[(repository, tag)] = image;
            }
        }
    }

    /// <summary>Pushes images, each with a tag of its own, until a task has ended.</summary>
    public async Task<int> PushUntilAsync(HttpClient client, Task task)
    {
        var pushed = 0;
        do
        {
            await PushAsync(client, "busy/app", TestImage.Create(), string.Create(CultureInfo.InvariantCulture, $"t{pushed++}"));
        }
        while (!task.IsCompleted);
        return pushed;
    }

    /// <summary>Asserts that a registry serves all of it byte for byte, and nothing that was deleted.</summary>
    public async Task AssertServedAsync(HttpClient client)
    {
        foreach (var (repository, image) in _images)
        {
            await AssertServedAsync(client, repository, image);
        }

        foreach (var (repository, blob) in _loose)
        {
            Assert.Equal(blob.Bytes, Expect(200, await client.GetAnswerAsync($"/v2/{repository}/blobs/{blob.Digest}")).Body);
        }

        foreach (var (repository, image) in _deleted)
        {
            Expect(404, await client.GetAnswerAsync($"/v2/{repository}/manifests/{image.Digest}"));
        }

        foreach (var tags in _tags.GroupBy(tag => tag.Key.Repository))
        {
            Assert.Equal(
                tags.Select(tag => tag.Key.Tag).Order(StringComparer.Ordinal),
                Expect(200, await client.GetAnswerAsync($"/v2/{tags.Key}/tags/list?n=1000")).Strings("tags"));
            foreach (var ((_, tag), image) in tags)
            {
                Assert.Equal(image.Manifest.Bytes, Expect(200, await client.GetAnswerAsync($"/v2/{tags.Key}/manifests/{tag}")).Body);
            }
        }

        Assert.Equal(
            _images.Select(image => image.Repository).Distinct().Order(StringComparer.Ordinal),
            Expect(200, await client.GetAnswerAsync("/v2/_catalog")).Strings("repositories"));
    }

    private static async Task AssertServedAsync(HttpClient client, string repository, TestImage image)
    {
        var manifest = Expect(200, await client.GetAnswerAsync($"/v2/{repository}/manifests/{image.Digest}"));
        Assert.Equal(image.MediaType, manifest["Content-Type"]);
        Assert.Equal(image.Manifest.Bytes, manifest.Body);
        foreach (var blob in image.Blobs)
        {
            Assert.Equal(blob.Bytes, Expect(200, await client.GetAnswerAsync($"/v2/{repository}/blobs/{blob.Digest}")).Body);
        }

        foreach (var child in image.Children)
        {
            await AssertServedAsync(client, repository, child);
        }

        if (image.ToString().Contains("\"subject\"", StringComparison.Ordinal))
        {
            var subject = System.Text.Json.Nodes.JsonNode.Parse(image.ToString())!["subject"]!["digest"]!.GetValue<string>();
            Assert.Contains(image.Digest, Expect(200, await client.GetAnswerAsync($"/v2/{repository}/referrers/{subject}")).Text, StringComparison.Ordinal);
        }
    }

    private static Answer Expect(int status, Answer answer)
    {
        Assert.True(answer.Status == status, answer.ToString());
        return answer;
    }
}
