using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Oci;
using Registry.Server.Configuration;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Maintenance;

/// <summary>Maintenance of a running registry over its API.</summary>
public sealed class MaintenanceJobTests
{
    private static readonly TestBlob Large = TestBlob.Random(3 * 1024 * 1024);

    [Fact]
    public async Task A_collection_previews_removes_and_is_remembered()
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        var image = await maintained.Admin.PushAsync("team/app", TestImage.Create(), "latest");
        var unknown = TestBlob.OfText("unknown");
        if (TestRegistry.Stores is null)
        {
            await maintained.Registry.Host.Storage.Blobs.PutAsync(Digest.Parse(unknown.Digest), unknown.Bytes);
        }

        var preview = await maintained.RunJobAsync("gc?dryRun=true");
        Assert.Equal(("gc", "succeeded", "admin"), (Text(preview, "kind"), Text(preview, "state"), Text(preview, "startedBy")));
        Assert.Equal("true", preview.GetProperty("parameters").GetProperty("dryRun").GetString());
        var listed = preview.GetProperty("report").GetProperty("preview").GetProperty("blobs").EnumerateArray().Select(blob => Text(blob, "digest"));
        if (TestRegistry.Stores is null)
        {
            Assert.Equal([unknown.Digest], listed);
        }

        var collected = await maintained.RunJobAsync("gc");
        Assert.Equal("succeeded", Text(collected, "state"));
        Assert.Equal(TestRegistry.Stores is null ? 1 : 0, collected.GetProperty("numbers").GetProperty("blobs").GetInt64());
        Assert.Equal(collected.GetProperty("numbers").ToString(), collected.GetProperty("report").GetProperty("collected").ToString());
        Check.Status(200, await maintained.Admin.GetAnswerAsync($"/v2/team/app/blobs/{image.Blobs[^1].Digest}"));

        // Only the last job keeps its lists, and the list of jobs has none.
        Assert.False((await maintained.ShowAsync(preview.GetProperty("id").GetInt64())).TryGetProperty("report", out _));
        var jobs = Check.Status(200, await maintained.Admin.GetAnswerAsync("/api/v1/maintenance")).Json.GetProperty("jobs");
        Assert.Equal([collected.GetProperty("id").GetInt64(), preview.GetProperty("id").GetInt64()], jobs.EnumerateArray().Select(job => job.GetProperty("id").GetInt64()));
        Assert.All(jobs.EnumerateArray(), job => Assert.False(job.TryGetProperty("report", out _)));
        Assert.Equal(Text(preview, "outcome"), Text(jobs[1], "outcome"));
    }

    [Fact]
    public async Task Untagged_manifests_are_listed_and_deleted_in_the_name_of_who_asks()
    {
        var time = new FakeTimeProvider();
        await using var maintained = await MaintainedRegistry.StartAsync(time: time);
        await maintained.Admin.PushAsync("team/app", TestImage.Create(), "latest");
        var untagged = await maintained.Admin.PushAsync("team/app", TestImage.Create());
        Assert.Equal(0, Manifests(await maintained.RunJobAsync("gc?untagged=true&delete=true")));
        time.Advance(TimeSpan.FromDays(2));
        for (var i = 0; i < 2; i++)
        {
            var listed = await maintained.RunJobAsync("gc?untagged=true");
            Assert.Equal(1, Manifests(listed));
            Assert.Equal(untagged.Digest, Text(listed.GetProperty("report").GetProperty("untagged").GetProperty("manifests")[0], "digest"));
        }

        var young = await maintained.RunJobAsync("gc?untagged=true&delete=true&olderThan=30d");
        Assert.Equal((0, 1), (Manifests(young), young.GetProperty("numbers").GetProperty("younger").GetInt32()));
        Assert.Equal(1, Manifests(await maintained.RunJobAsync("gc?untagged=true&delete=true")));
        var change = (await maintained.ReadChangesAsync())[^1];
        Assert.Equal((untagged.Digest, "admin"), (change.Digest.ToString(), change.Origin.Actor));
        Check.Status(404, await maintained.Admin.GetAnswerAsync($"/v2/team/app/manifests/{untagged.Digest}"));
        Check.Status(200, await maintained.Admin.GetAnswerAsync("/v2/team/app/manifests/latest"));

        static int Manifests(JsonElement job) => job.GetProperty("numbers").GetProperty("manifests").GetInt32();
    }

    [Fact]
    public async Task A_verification_tells_how_far_it_is_and_finds_what_is_damaged()
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        var image = await maintained.Admin.PushAsync("team/app", TestImage.Create(), "latest");
        var clean = await maintained.RunJobAsync("verify");
        Assert.Equal(("succeeded", 3L), (Text(clean, "state"), clean.GetProperty("numbers").GetProperty("count").GetInt64()));
        var progress = clean.GetProperty("progress");
        var bytes = image.Manifest.Bytes.Length + image.Blobs.Sum(blob => blob.Bytes.Length);
        Assert.Equal((bytes, bytes), (progress.GetProperty("done").GetInt64(), progress.GetProperty("total").GetInt64()));
        Assert.Equal("Verifying 3 of 3 blobs", Text(progress, "text"));
        if (TestRegistry.Stores is not null)
        {
            return;
        }

        await Eventually.TrueAsync(() => maintained.Registry.Host.Storage.Staged.IsEmpty);
        StoredFile.FlipByte(maintained.Registry.StoragePath, image.Blobs[^1].Digest);
        var found = await maintained.RunJobAsync("verify?dryRun=true");
        Assert.Equal(("failed", 1L), (Text(found, "state"), found.GetProperty("numbers").GetProperty("damaged").GetInt64()));
        Assert.Contains("1 damaged, 0 missing, 0 unreadable.", Text(found, "outcome"), StringComparison.Ordinal);
        Check.Status(200, await maintained.Admin.HeadAnswerAsync($"/v2/team/app/blobs/{image.Blobs[^1].Digest}"));
        Assert.Equal("failed", Text(await maintained.RunJobAsync("verify?fullSpeed=true"), "state"));
        Check.Status(404, await maintained.Admin.HeadAnswerAsync($"/v2/team/app/blobs/{image.Blobs[^1].Digest}"));
    }

    [Fact]
    public async Task One_job_runs_at_a_time_and_is_cancelled_midway()
    {
        await using var maintained = await MaintainedRegistry.StartAsync(Slow);
        await PushManyAsync(maintained.Admin);
        var verify = Check.Status(202, await maintained.StartJobAsync("verify")).Json;
        var id = verify.GetProperty("id").GetInt64();
        Assert.Equal("running", Text(verify, "state"));
        var second = Check.Problem(409, "UNSUPPORTED", "the job cannot be started", await maintained.StartJobAsync("gc"));
        Assert.Matches(
            "^'verify' runs since 20\\S+ \\S+Z, started by admin, and one job runs at a time; wait for its end, or end it with 'registry jobs cancel'$", Text(second.Json, "detail"));

        // An explanation does not wait for it.
        Check.Status(200, await maintained.Admin.GetAnswerAsync($"/api/v1/maintenance/explain?digest={Large.Digest}"));
        JsonElement midway = default;
        await Eventually.HoldsAsync(
            async () => (midway = await maintained.ShowAsync(id)).TryGetProperty("progress", out var progress) && progress.GetProperty("done").GetInt64() >= Large.Bytes.Length,
            "a blob is read");
        Assert.InRange(midway.GetProperty("progress").GetProperty("done").GetInt64(), Large.Bytes.Length, (3L * Large.Bytes.Length) - 1);
        Assert.InRange(midway.GetProperty("progress").GetProperty("rate").GetDouble(), 1, 1e12);

        Check.Status(202, await maintained.CancelAsync(id));
        var ended = await maintained.EndOfAsync(id);
        Assert.Equal(("cancelled", "the verification was interrupted; run it again to read the rest"), (Text(ended, "state"), Text(ended, "outcome")));
        Check.Status(202, await maintained.CancelAsync(id));
        Assert.Equal("succeeded", Text(await maintained.RunJobAsync("gc"), "state"));
        Check.Problem(404, "UNSUPPORTED", "no such job", await maintained.CancelAsync(id + 1_000_000));
    }

    [Fact]
    public async Task The_stop_of_the_registry_ends_the_job()
    {
        var maintained = await MaintainedRegistry.StartAsync(Slow);
        await PushManyAsync(maintained.Admin);
        Check.Status(202, await maintained.StartJobAsync("verify"));
        var jobs = maintained.Registry.Host.Jobs;
        await maintained.DisposeAsync();
        Assert.Equal(Server.Maintenance.JobState.Cancelled, Assert.Single(jobs.List()).Status.State);
        Assert.Equal("the registry is stopping", Assert.Single(jobs.Start(new Server.Maintenance.VerifyWork(false, false), Core.Changes.ChangeOrigin.Collector).Error!.Details));
    }

    [Fact]
    public async Task A_read_only_registry_reports_and_changes_nothing()
    {
        await using var maintained = await MaintainedRegistry.StartAsync(options => options with { Readonly = true });
        foreach (var (job, refusal) in new[]
        {
            ("gc", "the registry is read-only, so nothing was removed; "), ("gc?force=true", "the registry is read-only, so nothing was removed; "),
            ("gc?untagged=true&delete=true", "the registry is read-only, so nothing was removed; "), ("verify", "the registry is read-only, so damaged content could not be moved away; "),
        })
        {
            var refused = await maintained.RunJobAsync(job);
            Assert.Equal("failed", Text(refused, "state"));
            Assert.StartsWith(refusal, Text(refused, "outcome"), StringComparison.Ordinal);
        }

        foreach (var job in new[] { "gc?dryRun=true", "gc?untagged=true", "verify?dryRun=true" })
        {
            Assert.Equal("succeeded", Text(await maintained.RunJobAsync(job), "state"));
        }
    }

    [Fact]
    public async Task Pushes_lose_nothing_while_jobs_collect()
    {
        await using var maintained = await MaintainedRegistry.StartAsync(options => options with { Trash = TimeSpan.Zero });
        using var ended = new CancellationTokenSource();
        var collecting = Task.Run(
            async () =>
            {
                var blobs = 0L;
                while (!ended.IsCancellationRequested)
                {
                    var job = await maintained.RunJobAsync("gc");
                    Assert.Equal("succeeded", Text(job, "state"));
                    blobs += job.GetProperty("numbers").GetProperty("blobs").GetInt64();
                }

                return blobs;
            },
            TestContext.Current.CancellationToken);

        // Deleted blobs are free at once: each layer is removed, or is pushed again while it is being removed.
        TestBlob[] layers = [.. Enumerable.Range(0, 4).Select(_ => TestBlob.Random(100_000))];
        var images = new List<TestImage>();
        for (var i = 0; i < 40; i++)
        {
            var layer = layers[i % layers.Length];
            await maintained.Admin.PushBlobAsync("team/left", layer);
            Check.Status(202, await maintained.Admin.RequestAsync("DELETE", $"/v2/team/left/blobs/{layer.Digest}"));
            images.Add(await maintained.Admin.PushAsync($"team/app{i}", TestImage.Of([layer]), "latest"));
            if (i < 20)
            {
                Check.Status(202, await maintained.Admin.RequestAsync("DELETE", $"/v2/team/app{i}/manifests/{images[i].Digest}"));
                Check.Status(202, await maintained.Admin.RequestAsync("DELETE", $"/v2/team/app{i}/blobs/{layer.Digest}"));
            }
        }

        await ended.CancelAsync();
        Assert.True(await collecting > 0);
        for (var i = 20; i < images.Count; i++)
        {
            Check.Status(200, await maintained.Admin.GetAnswerAsync($"/v2/team/app{i}/manifests/latest"));
            foreach (var blob in images[i].Blobs)
            {
                Assert.Equal(blob.Bytes, Check.Status(200, await maintained.Admin.GetAnswerAsync($"/v2/team/app{i}/blobs/{blob.Digest}")).Body);
            }
        }

        Assert.Equal("succeeded", Text(await maintained.RunJobAsync("verify?fullSpeed=true"), "state"));
    }

    [Theory]
    [InlineData("gc?dryRun=yes", "dryRun is 'yes'; allowed: true, false")]
    [InlineData("gc?dryRun=true&force=true", "dryRun cannot be combined with force or untagged; without delete, untagged only lists")]
    [InlineData("gc?delete=true", "olderThan and delete need untagged")]
    [InlineData("gc?untagged=true&olderThan=old", "olderThan is 'old'; it must be a time such as 30d, 12h or 1h30m")]
    [InlineData("verify?force=true", "there is no query parameter 'force'; allowed: dryRun, fullSpeed")]
    [InlineData("read-only", "the query parameter 'on' is missing")]
    [InlineData("read-only?on=yes", "on is 'yes'; allowed: true, false")]
    [InlineData("cancel", "the query parameter 'id' is missing")]
    [InlineData("cancel?id=x", "id is 'x'; it must be the number of a job")]
    public async Task Wrong_parameters_are_named(string job, string detail)
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        Check.Problem(400, "UNSUPPORTED", "malformed request", detail, await maintained.StartJobAsync(job));
        Assert.Empty(maintained.Registry.Host.Jobs.List());
    }

    [Fact]
    public async Task Without_users_nobody_is_an_admin_over_the_network()
    {
        await using var registry = await TestRegistry.StartAsync();
        Check.Problem(403, "DENIED", "access forbidden", await registry.Client.GetAnswerAsync("/api/v1/maintenance"));
        Check.Problem(403, "DENIED", "access forbidden", await registry.Client.GetAnswerAsync("/api/v1/maintenance", AccessFolder.Basic("admin")));
        Check.Status(403, await registry.Client.RequestAsync("POST", "/api/v1/maintenance/gc", "{}"u8.ToArray(), ("Content-Type", "application/json")));
    }

    [Fact]
    public async Task The_last_jobs_are_remembered()
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        var first = (await maintained.RunJobAsync("gc?dryRun=true")).GetProperty("id").GetInt64();
        for (var i = 0; i < Server.Maintenance.MaintenanceJobs.Remembered; i++)
        {
            await maintained.RunJobAsync("gc?dryRun=true");
        }

        Assert.Equal(Server.Maintenance.MaintenanceJobs.Remembered, maintained.Registry.Host.Jobs.List().Count);
        Check.Problem(
            404,
            "UNSUPPORTED",
            "no such job",
            $"this process remembers its last 20 jobs, and {first} is none of them",
            await maintained.Admin.GetAnswerAsync($"/api/v1/maintenance/show?id={first}"));
    }

    // 1 MiB a second, so that a job of some MiB does not end by itself while a test looks at it.
    private static RegistryOptions Slow(RegistryOptions options) => options with { VerifyRate = 1 };

    private static async Task PushManyAsync(HttpClient client)
    {
        await client.PushBlobAsync("team/app", Large);
        await client.PushBlobAsync("team/app", TestBlob.Random(Large.Bytes.Length));
        await client.PushBlobAsync("team/app", TestBlob.Random(Large.Bytes.Length));
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
