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
    public async Task A_restore_a_rename_and_a_mount_are_asked_about_as_pushes_are()
    {
        _folder.Write("""{ "rules": [{ "repository": "team/**", "quota": { "bytes": "12KB" } }] }""");
        await using var registry = await TestRegistry.StartAsync(_folder.Configure);
        var (first, second) = (TestImage.Create(layers: 1, layerSize: 9000), TestImage.Create(layers: 1, layerSize: 9000));
        await registry.Client.PushAsync("team/app", first, "v1");
        await registry.Client.PushAsync("free/app", second, "v1");
        Refused(await PostAsync("repositories/rename?repository=free/app&to=team/renamed"));
        Refused(await registry.Client.RequestAsync("POST", $"/v2/team/other/blobs/uploads/?mount={second.Blobs[^1].Digest}&from=free/app"));
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/free/app/manifests/v1"));

        // The trash does not count, and what comes back does.
        Check.Status(202, await DeleteAsync("team/app", first));
        Check.Status(200, await PostAsync("repositories/rename?repository=free/app&to=team/renamed"));
        Refused(await PostAsync($"trash/restore?repository=team/app&digest={first.Digest}"));
        Check.Status(404, await registry.Client.GetAnswerAsync("/v2/team/app/manifests/v1"));
        Check.Status(200, await PostAsync("repositories/rename?repository=team/renamed&to=free/app"));
        Check.Status(200, await PostAsync($"trash/restore?repository=team/app&digest={first.Digest}"));
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/team/app/manifests/v1"));

        // A whole repository comes back as far as there is room.
        Check.Status(200, await PostAsync("repositories/delete?repository=team/app"));
        Check.Status(200, await PostAsync("repositories/rename?repository=free/app&to=team/renamed"));
        var restored = Check.Status(200, await PostAsync("repositories/restore?repository=team/app")).Json;
        Assert.Equal(0, restored.GetProperty("manifests").GetInt64());
        Assert.Contains("team/app asks for ", restored.GetProperty("refused").ToString(), StringComparison.Ordinal);

        Task<Answer> PostAsync(string path) => registry.Client.RequestAsync("POST", $"/api/v1/{path}", [], ("Content-Type", "application/json"));
        Task<Answer> DeleteAsync(string repository, TestImage image) => registry.Client.RequestAsync("DELETE", $"/v2/{repository}/manifests/{image.Digest}");
        void Refused(Answer answer) => Assert.Contains(Message, Check.Status(403, answer).Text, StringComparison.Ordinal);
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
