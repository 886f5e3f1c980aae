using System.Text.Json;
using Registry.Interop.Tests.Api.Generated;
using Registry.Interop.Tests.Packages;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Api;

/// <summary>The client that NSwag makes from the description of the API calls every route, for repositories whose names look like routes.</summary>
public sealed class GeneratedClientTests : IAsyncLifetime
{
    private static readonly string[] Names = ["a/tags/b", "x/history", "api/v1", "a/manifests/b", "v2/tags/list"];

    private readonly TemporaryFolder _folder = new("api");
    private RegistryProcess _registry = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        // Maintenance needs an admin.
        await File.WriteAllTextAsync(_folder.File("users"), $"admin:{BCrypt.Net.BCrypt.HashPassword("secret", 4)}\n", Cancellation);
        await File.WriteAllTextAsync(_folder.File("rules.json"), """{"defaultPolicy":"deny","adminUsers":["admin"],"rules":[]}""", Cancellation);
        var settings = new Dictionary<string, string?>
        {
            ["REGISTRY_AUTH_TYPE"] = "basic",
            ["REGISTRY_AUTH_HTPASSWD"] = _folder.File("users"),
            ["REGISTRY_ACCESS_CONTROL_ENABLED"] = "true",
            ["REGISTRY_ACCESS_CONTROL_CONFIG"] = _folder.File("rules.json"),
        };
        _registry = await RegistryProcess.StartAsync(_folder.Folder("storage"), settings, cancellationToken: Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task It_calls_every_route() => await WalkAsync(new SocketsHttpHandler { UseProxy = false }, new Uri($"http://{_registry.HostPort}"));

    [Fact]
    public async Task It_calls_every_route_through_nginx()
    {
        Requires.Program("nginx", "nginx");
        await using NginxServer nginx = await GuideNginx.StartAsync(_folder, _registry.HostPort, Cancellation);

        await WalkAsync(GuideNginx.CreateHandler(), new Uri($"https://127.0.0.1:{nginx.Port}"));
    }

    private static async Task WalkAsync(SocketsHttpHandler connections, Uri address)
    {
        using var recorder = new RequestRecorder(connections);
        using var http = new HttpClient(recorder) { BaseAddress = address };
        http.DefaultRequestHeaders.Add("Authorization", $"Basic {Convert.ToBase64String("admin:secret"u8)}");
        var api = new RegistryApi(http);
        var description = (JsonElement)await api.GetDescriptionAsync(cancellationToken: Cancellation);
        foreach (string name in Names)
        {
            TestImage first = await http.PushAsync(name, TestImage.Create(), "v1");
            TestImage second = await http.PushAsync(name, TestImage.Create(), "v1");
            await ReadAsync(api, name, second);
            await ExplainAsync(api, name, second);
            await SetBackAsync(api, name, first, second);
            await RestoreAndPurgeAsync(api, http, name, second);
            await ChangeWholeAsync(api, name, first);
            await MaintainAsync(api, name, first);
            await MirrorAsync(api, name);
            await FollowAsync(api, name);
        }

        Assert.Equal(
            description.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name.ToUpperInvariant()} {path.Name}")).Order(StringComparer.Ordinal),
            recorder.Seen.Where(seen => seen.Contains(" /api/v1/", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    private static async Task ReadAsync(RegistryApi api, string name, TestImage image)
    {
        RepositoryList found = await api.ListRepositoriesAsync(q: name, sort: RepositoryOrder.Pushed, n: 1, cancellationToken: Cancellation);
        Assert.Equal(name, Assert.Single(found.Repositories).Repository);
        TagEntry tag = Assert.Single((await api.ListTagsAsync(name, sort: TagOrder.Time, cancellationToken: Cancellation)).Tags);
        Assert.Equal(("v1", image.Digest, ManifestKind.Image), (tag.Tag, tag.Digest, tag.Kind));
        Assert.Equal(2, (await api.ListManifestsAsync(name, cancellationToken: Cancellation)).Manifests.Count);
        Manifest manifest = await api.GetManifestAsync(name, "v1", Cancellation);
        Assert.Equal((image.Digest, "v1", ManifestKeepState.Held), (manifest.Digest, Assert.Single(manifest.Tags).Tag, manifest.Keep.State));
        Assert.Equal(["tags"], manifest.Keep.By);
        ActivityEntry change = Assert.Single((await api.ListActivityAsync(name, user: "admin", kind: ChangeKind.TagSet, n: 1, cancellationToken: Cancellation)).Changes);
        Assert.Equal(("tag-set", "v1", image.Digest, "admin"), (change.Kind, change.Tag, change.Digest, change.Origin.Actor));
        Assert.Equal(change.Position, (await api.ListAllActivityAsync(kind: ChangeKind.TagSet, cancellationToken: Cancellation)).Changes.First().Position);
        Assert.Equal((1, 2), ((await api.GetRepositoryAsync(name, Cancellation)).Tags, (await api.GetRepositoryAsync(name, Cancellation)).Manifests));
        await Eventually.HoldsAsync(async () => (await api.GetSpaceAsync(cancellationToken: Cancellation)).ComputedAt is not null, "the space is computed", Cancellation);
        Assert.Equal(image.Digest, Assert.Single((await api.GetRepositorySpaceAsync(name, cancellationToken: Cancellation)).Tags!).Digest);
    }

    private static async Task SetBackAsync(RegistryApi api, string name, TestImage first, TestImage second)
    {
        TagHistory history = await api.GetTagHistoryAsync(name, "v1", n: 2, cancellationToken: Cancellation);
        Assert.Equal([second.Digest, first.Digest], history.Entries.Select(entry => entry.Digest));
        Assert.Equal(OriginSource.Request, history.Entries.First().Origin.Source);
        Assert.Equal(first.Digest, (await api.GetTagStateAsync(name, "v1", history.Entries.Last().Time, Cancellation)).Digest);

        ApiException<Problem> refused = await Assert.ThrowsAsync<ApiException<Problem>>(
            () => api.RollBackTagAsync(name, "v1", new RollbackTarget { To = first.Digest }, if_Match: $"\"{first.Digest}\"", cancellationToken: Cancellation));
        Assert.Equal((412, "precondition failed"), (refused.StatusCode, refused.Result.Title));
        Rollback done = await api.RollBackTagAsync(name, "v1", new RollbackTarget { To = first.Digest }, if_Match: $"\"{second.Digest}\"", cancellationToken: Cancellation);
        Assert.Equal((first.Digest, second.Digest, true), (done.Digest, done.Previous, done.Changed));
    }

    private static async Task RestoreAndPurgeAsync(RegistryApi api, HttpClient http, string name, TestImage image)
    {
        await DeleteAsync(http, name, image);
        TrashEntry entry = (await api.ListTrashAsync(name, cancellationToken: Cancellation)).Entries.First();
        Assert.Equal((image.Digest, name), (entry.Digest, entry.Repository));
        Assert.Contains((await api.ListAllTrashAsync(cancellationToken: Cancellation)).Entries, one => one.Id == entry.Id);
        Assert.Equal(entry.Id, (await api.GetTrashEntryAsync(name, image.Digest, Cancellation)).Id);
        Assert.Equal(image.Digest, (await api.RestoreManifestAsync(name, image.Digest, new Empty(), $"\"{entry.Id}\"", Cancellation)).Digest);

        await DeleteAsync(http, name, image);
        Assert.True((await api.PurgeManifestAsync(name, image.Digest, new Empty(), cancellationToken: Cancellation)).Erased);
    }

    private static async Task ChangeWholeAsync(RegistryApi api, string name, TestImage image)
    {
        string renamed = RenamedOf(name);
        Assert.Equal((renamed, name), await api.RenameRepositoryAsync(name, renamed, new Empty(), Cancellation) is var rename ? (rename.Repository, rename.Previous) : default);
        Assert.True((await api.DeleteRepositoryAsync(renamed, new Empty(), Cancellation)).Gone);
        Assert.Equal(1, (await api.RestoreRepositoryAsync(renamed, new Empty(), cancellationToken: Cancellation)).Manifests);
        Assert.Equal(image.Digest, (await api.GetTagStateAsync(renamed, "v1", cancellationToken: Cancellation)).Digest);
    }

    private static async Task MaintainAsync(RegistryApi api, string name, TestImage image)
    {
        Assert.True((await api.SetReadOnlyAsync(true, new Empty(), Cancellation)).ReadOnly);
        Job refused = await EndOfAsync(api, await api.CollectGarbageAsync(new Empty(), cancellationToken: Cancellation));
        Assert.Equal((JobKind.Gc, JobState.Failed, refused.Outcome), (refused.Kind, refused.State, refused.Report!.Refusal));
        Assert.False((await api.SetReadOnlyAsync(false, new Empty(), Cancellation)).ReadOnly);

        Job preview = await EndOfAsync(api, await api.CollectGarbageAsync(new Empty(), dryRun: true, cancellationToken: Cancellation));
        Assert.Equal((JobState.Succeeded, "true", "admin"), (preview.State, preview.Parameters["dryRun"], preview.StartedBy));
        Assert.Equal(preview.Numbers!["blobs"], preview.Report!.Preview!.Counts.Blobs);
        Job verified = await EndOfAsync(api, await api.VerifyContentAsync(new Empty(), fullSpeed: true, cancellationToken: Cancellation));
        Assert.Equal((JobKind.Verify, JobState.Succeeded, true), (verified.Kind, verified.State, verified.Report!.Verified!.IsClean));
        Job compared = await EndOfAsync(api, await api.CompareTreeAsync(true, new Empty(), Cancellation));
        Assert.Equal((JobKind.Reindex, JobState.Succeeded), (compared.Kind, compared.State));
        Job retained = await EndOfAsync(api, await api.RunRetentionAsync(new Empty(), dryRun: true, cancellationToken: Cancellation));
        Assert.Equal((JobKind.Retention, JobState.Failed, retained.Outcome), (retained.Kind, retained.State, retained.Report!.Refusal));
        Job copied = await EndOfAsync(api, await api.CopyImageAsync($"{RenamedOf(name)}:v1", $"{name}/copy", new Empty(), cancellationToken: Cancellation));
        Assert.Equal((JobKind.Copy, JobState.Succeeded), (copied.Kind, copied.State));
        ApiException<Problem> remote = await Assert.ThrowsAsync<ApiException<Problem>>(() => api.ImportImagesAsync("/images", new Empty(), cancellationToken: Cancellation));
        Assert.Equal(403, remote.StatusCode);

        // One that has ended stays as it is.
        Assert.Equal(JobState.Succeeded, (await api.CancelJobAsync(verified.Id, new Empty(), Cancellation)).State);
        Assert.Equal([copied.Id, retained.Id, compared.Id, verified.Id, preview.Id, refused.Id], (await api.ListJobsAsync(Cancellation)).Jobs.Take(6).Select(job => job.Id));
        Explanation explanation = await api.ExplainContentAsync(image.Digest, Cancellation);
        Assert.Equal((ExplanationState.Stored, true), (explanation.State, explanation.IsKnown));
        Assert.Equal(2, explanation.ManifestOf.Count);
        Assert.All(explanation.ManifestOf, stored => Assert.Equal(["v1"], stored.Tags));
    }

    // This registry has no endpoints.
    private static async Task FollowAsync(RegistryApi api, string name)
    {
        EventList changes = await api.ListChangesAsync(n: 100, cancellationToken: Cancellation);
        for (; !changes.Events.Any(one => one.Data.Kind == "tag-set" && one.Data.Repository == name); changes = await api.ListChangesAsync(changes.Last, 100, Cancellation))
        {
            Assert.NotNull(changes.Next);
        }

        Assert.Empty((await api.ListChangesAsync("now", cancellationToken: Cancellation)).Events);
        Assert.Empty((await api.ListEndpointsAsync(Cancellation)).Endpoints);
        ApiException<Problem> unknown = await Assert.ThrowsAsync<ApiException<Problem>>(() => api.ListDeliveriesAsync("pipeline", cancellationToken: Cancellation));
        Assert.Equal((404, "the configuration has no endpoint 'pipeline'"), (unknown.StatusCode, unknown.Result.Detail));
        ApiException<Problem> unsent = await Assert.ThrowsAsync<ApiException<Problem>>(() => api.ReplayEventsAsync("pipeline", "2026-01-01T00:00:00Z", new Empty(), Cancellation));
        Assert.Equal(404, unsent.StatusCode);
    }

    // This registry has no rules.
    private static async Task ExplainAsync(RegistryApi api, string name, TestImage image)
    {
        PolicyExplanation explained = await api.ExplainPoliciesAsync($"{name}:v1", Cancellation);
        Assert.Equal(($"{name}:v1", image.Digest), (explained.Image, explained.Digest));
        Assert.Empty(explained.Rules);
    }

    // This registry mirrors nothing.
    private static async Task MirrorAsync(RegistryApi api, string name)
    {
        Assert.Empty((await api.GetMirrorAsync(Cancellation)).Upstreams);
        string reason = $"{name} is not mirrored: no upstream of the configuration has a prefix of its name";
        ApiException<Problem> kept = await Assert.ThrowsAsync<ApiException<Problem>>(() => api.ForgetMirroredAsync(name, new Empty(), Cancellation));
        Assert.Equal((404, reason), (kept.StatusCode, kept.Result.Detail));
        ApiException<Problem> unasked = await Assert.ThrowsAsync<ApiException<Problem>>(() => api.CheckMirroredAsync($"{name}:v1", new Empty(), Cancellation));
        Assert.Equal((404, reason), (unasked.StatusCode, unasked.Result.Detail));
        Job unfetched = await EndOfAsync(api, await api.WarmImageAsync($"{name}:v1", new Empty(), null, Cancellation));
        Assert.Equal((JobKind.Warm, JobState.Failed, reason), (unfetched.Kind, unfetched.State, unfetched.Report!.Refusal));
    }

    private static string RenamedOf(string name) => $"{name}/tags/list";

    private static async Task<Job> EndOfAsync(RegistryApi api, Job job)
    {
        await Eventually.HoldsAsync(async () => (job = await api.GetJobAsync(job.Id, Cancellation)).State != JobState.Running, "the job has ended", Cancellation);
        return job;
    }

    private static async Task DeleteAsync(HttpClient http, string name, TestImage image) =>
        Assert.Equal(202, (await http.RequestAsync("DELETE", $"/v2/{name}/manifests/{image.Digest}")).Status);
}
