namespace Registry.Server.Tests.Policies;

/// <summary>Quotas in requests: the answers, and pushes that race.</summary>
public sealed class QuotaTests : IDisposable
{
    private const string Message = "the quota is exceeded";

    private readonly PolicyFolder _folder = new("""{ "rules": [{ "repository": "team/**", "quota": { "bytes": "100KB" } }] }""");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_blob_that_does_not_fit_is_refused_before_it_is_read_and_the_sentence_is_in_the_message()
    {
        await using var registry = await TestRegistry.StartAsync(_folder.Configure);
        var blob = TestBlob.Random(100_001);
        await registry.Client.PushBlobAsync("free/app", blob);

        var answer = await registry.Client.RequestAsync("POST", $"/v2/team/app/blobs/uploads/?digest={blob.Digest}", blob.Bytes);

        var error = Assert.Single(Check.Status(403, answer).Json.GetProperty("errors").EnumerateArray());
        const string Detail =
            "team/app asks for 97.7 KiB more, and rule 1 (line 1: \"team/**\") allows 97.7 KiB, of which 0 B are used; delete images that are not needed, or ask the operator for more";
        Assert.Equal(("DENIED", $"{Message}: {Detail}", Detail), (Text("code"), Text("message"), Text("detail")));
        Check.Status(403, await registry.Client.RequestAsync("POST", $"/v2/team/app/blobs/uploads/?mount={blob.Digest}&from=free/app"));
        var location = await registry.Client.BeginUploadAsync("team/app");
        Check.Status(403, await registry.Client.RequestAsync("PUT", location.WithDigest(blob.Digest), blob.Bytes));
        location = await registry.Client.BeginUploadAsync("team/app");
        var patched = Check.Status(202, await registry.Client.RequestAsync("PATCH", location, blob.Bytes));
        Check.Status(403, await registry.Client.RequestAsync("PUT", patched.Location.WithDigest(blob.Digest)));
        Check.Status(404, await registry.Client.HeadAnswerAsync($"/v2/team/app/blobs/{blob.Digest}"));
        await registry.Client.PushBlobAsync("other/app", blob);

        string? Text(string property) => error.GetProperty(property).GetString();
    }

    [Fact]
    public async Task Thirty_two_pushes_at_the_same_time_do_not_exceed_the_quota()
    {
        await using var registry = await TestRegistry.StartAsync(_folder.Configure);
        var images = Enumerable.Range(0, 32).Select(_ => TestImage.Create(layers: 1, layerSize: 9000)).ToList();
        await Task.WhenAll(images.Select(async (image, i) =>
        {
            foreach (var blob in image.Blobs)
            {
                await registry.Client.PushBlobAsync($"team/app{i}", blob);
            }
        }));

        var answers = await Task.WhenAll(images.Select((image, i) => registry.Client.PutManifestAsync($"team/app{i}", "v1", image)));

        Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { 201, 403 }));
        var stored = images.Where((_, i) => answers[i].Status == 201).Sum(image => image.Manifest.Bytes.Length + image.Blobs.Sum(blob => blob.Bytes.Length));
        Assert.InRange(stored, 80_000, 100_000);
    }
}
