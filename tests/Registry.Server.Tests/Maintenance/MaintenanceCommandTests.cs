using System.Text;
using System.Text.Json;
using Registry.Core.Oci;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Commands;

namespace Registry.Server.Tests.Maintenance;

/// <summary><c>registry gc</c>, <c>verify</c> and <c>jobs</c> while a registry runs on the folder.</summary>
public sealed class MaintenanceCommandTests : IDisposable
{
    private static readonly TestBlob Unknown = TestBlob.OfText("unknown");

    private readonly TemporaryFolder _folder = new("cmd", isInMemory: true);
    private readonly TemporaryFolder _docker = new("docker-config");

    public void Dispose()
    {
        _folder.Dispose();
        _docker.Dispose();
    }

    [Fact]
    public async Task A_running_registry_is_found_and_answers_as_a_stopped_one()
    {
        var image = TestImage.Create();
        async Task FillAsync(TestRegistry registry)
        {
            await registry.Client.PushAsync("a", image, "latest");
            await registry.Host.Storage.Blobs.PutAsync(Digest.Parse(Unknown.Digest), Unknown.Bytes);
        }

        string[][] commands =
        [
            ["gc", "--dry-run"], ["gc", "--dry-run", "--json"], ["gc", "--explain", image.Digest], ["gc", "--explain", Unknown.Digest, "--json"],
            ["gc", "--explain", TestBlob.OfText("nothing").Digest], ["gc", "--untagged"], ["gc", "--untagged", "--json"], ["verify", "--dry-run"], ["verify", "--dry-run", "--json"],
        ];
        var running = new List<CommandRun>();
        await using (var registry = await TestRegistry.StartAsync(storagePath: _folder.Path))
        {
            await FillAsync(registry);
            await Eventually.TrueAsync(() => registry.Host.Storage.Staged.IsEmpty);
            foreach (var command in commands)
            {
                running.Add(await CommandAsync(command));
            }

            // An explanation is no job.
            Assert.Equal(6, registry.Host.Jobs.List().Count);
        }

        foreach (var (command, before) in commands.Zip(running))
        {
            Assert.Equal(before, await CommandAsync(command));
        }

        Assert.All(running.Take(2), run => Assert.Contains(Unknown.Digest, run.Output, StringComparison.Ordinal));
        Assert.Equal([0, 0, 0, 0, 1, 0, 0, 0, 0], running.Select(run => run.ExitCode));

        await using var again = await TestRegistry.StartAsync(storagePath: _folder.Path);
        Assert.Equal(new CommandRun(0, "Removed 0 manifests, 0 links and 1 blob.\n", ""), await CommandAsync("gc"));
        Assert.Equal(new CommandRun(0, "{\n  \"manifests\": 0,\n  \"links\": 0,\n  \"blobs\": 0\n}\n", ""), await CommandAsync("gc", "--json"));
        Check.Status(200, await again.Client.GetAnswerAsync("/v2/a/manifests/latest"));
    }

    [Fact]
    public async Task Damage_makes_the_command_fail_and_is_moved_away()
    {
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
        var image = await registry.Client.PushAsync("a", TestImage.Create(), "latest");
        await Eventually.TrueAsync(() => registry.Host.Storage.Staged.IsEmpty);
        StoredFile.FlipByte(_folder.Path, image.Blobs[^1].Digest);
        var run = await CommandAsync("verify", "--json");
        Assert.Equal((1, 1L), (run.ExitCode, JsonElement.Parse(run.Output).GetProperty("damaged").GetInt64()));
        Check.Status(404, await registry.Client.HeadAnswerAsync($"/v2/a/blobs/{image.Blobs[^1].Digest}"));
        Assert.Equal(0, (await CommandAsync("verify")).ExitCode);
    }

    [Fact]
    public async Task An_interruption_cancels_the_job_and_a_second_job_is_refused_meanwhile()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { VerifyRate = 1 }, _folder.Path);
        for (var i = 0; i < 3; i++)
        {
            await registry.Client.PushBlobAsync("a", TestBlob.Random(3 * 1024 * 1024));
        }

        await using var verify = RegistryProcess.Launch(_folder.Path, "verify");
        await Eventually.TrueAsync(() => registry.Host.Jobs.List() is [{ Status.Progress: not null }]);
        var gc = await CommandAsync("gc");
        Assert.Equal((1, ""), (gc.ExitCode, gc.Output));
        Assert.Matches(
            $"^registry: the registry in {_folder.Path}: the job cannot be started: 'verify' runs since .*Z, started by \\$local:\\d+, and one job runs at a time; wait for its end, or end it with 'registry jobs cancel'\n$",
            gc.Error);
        var listed = await CommandAsync("jobs", "ls");
        Assert.Matches("\n20\\S+Z  -  +verify  \\$local:\\d+  running  Verifying \\d of 3 blobs: \\d+ %", listed.Output);

        Assert.Equal(1, await verify.TerminateAsync(Patience.Limit));
        Assert.Equal("registry: the verification was interrupted; run it again to read the rest", verify.Output.TrimEnd());
        Assert.Equal(Server.Maintenance.JobState.Cancelled, Assert.Single(registry.Host.Jobs.List()).Status.State);
        Assert.Equal(new CommandRun(1, "", "registry: no job runs; 'registry jobs ls' shows how the last ones ended\n"), await CommandAsync("jobs", "cancel"));
    }

    [Fact]
    public async Task Another_command_ends_a_job()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { VerifyRate = 1 }, _folder.Path);
        for (var i = 0; i < 3; i++)
        {
            await registry.Client.PushBlobAsync("a", TestBlob.Random(3 * 1024 * 1024));
        }

        var verify = CommandAsync("verify");
        await Eventually.TrueAsync(() => registry.Host.Jobs.List() is [{ Status.Progress: not null }]);
        var cancel = await CommandAsync("jobs", "cancel");
        Assert.Matches("^'verify' of \\$local:\\d+ was asked to end; ", cancel.Output);
        Assert.Equal(
            new CommandRun(1, "", "registry: the verification was interrupted; run it again to read the rest (the job was ended by someone else, or by the stop of the registry)\n"),
            await verify);
    }

    [Fact]
    public async Task An_admin_is_asked_for_by_an_address()
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        await maintained.Admin.PushAsync("team/app", TestImage.Create(), "latest");
        var url = maintained.Registry.Host.Addresses[0].TrimEnd('/');
        var host = new Uri(url).Authority;
        Assert.Equal($"registry: {host} needs a login; run 'docker login {host}' first\n", (await CommandAsync("gc", "--server", url)).Error);
        await LogInAsync(host, "alice");
        Assert.Equal(
            new CommandRun(
                1,
                "",
                $"registry: user alice may not maintain the registry at {host}: over the network, only the adminUsers of its access rules may. On its own machine, root and its own user may, without --server\n"),
            await CommandAsync("verify", "--server", url));
        await LogInAsync(host, "admin");
        Assert.Equal(new CommandRun(0, "Removed 0 manifests, 0 links and 0 blobs.\n", ""), await CommandAsync("gc", "--server", url));
        Assert.Contains("; 0 damaged, 0 missing, 0 unreadable.", (await CommandAsync("verify", "--server", url)).Output, StringComparison.Ordinal);
        Assert.Matches("^STARTED +ENDED +JOB +BY +STATE +OUTCOME\n.* verify +admin  succeeded  Read all .*\n.* gc +admin  succeeded  Removed ", (await CommandAsync("jobs", "ls", "--server", url)).Output);
    }

    [Fact]
    public async Task The_read_only_mode_is_shown_turned_on_and_off()
    {
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
        const string Off = "Read-only mode is off: pushes and deletes work, and garbage is collected.\n";
        Assert.Equal(new CommandRun(0, Off, ""), await CommandAsync("read-only"));
        for (var i = 0; i < 2; i++)
        {
            Assert.StartsWith("Read-only mode is on: pulls work, ", (await CommandAsync("read-only", "on")).Output, StringComparison.Ordinal);
            Check.Status(405, await registry.Client.RequestAsync("POST", "/v2/a/blobs/uploads/"));
        }

        Assert.Equal(new CommandRun(0, "{\n  \"readOnly\": true\n}\n", ""), await CommandAsync("read-only", "--json"));
        Assert.StartsWith("registry: the registry is read-only, so nothing was removed; end that mode with 'registry read-only off'", (await CommandAsync("gc")).Error, StringComparison.Ordinal);
        Assert.Single(registry.Log.Entries, entry => entry.Message.StartsWith("$local:", StringComparison.Ordinal) && entry.Message.EndsWith(" turns the read-only mode on", StringComparison.Ordinal));
        Assert.Equal(new CommandRun(0, Off, ""), await CommandAsync("read-only", "off"));
        Check.Status(202, await registry.Client.RequestAsync("POST", "/v2/a/blobs/uploads/"));
        Assert.Equal(2, (await CommandAsync("read-only", "maybe")).ExitCode);
    }

    [Theory]
    [InlineData("jobs", "ls")]
    [InlineData("jobs", "cancel")]
    [InlineData("read-only", "on")]
    [InlineData("mirror", "status")]
    [InlineData("mirror", "forget", "hub/library/alpine")]
    public async Task Without_a_running_registry_there_is_nobody_to_ask(params string[] command)
    {
        var run = await CommandAsync(command);
        Assert.Equal(
            (1, $"registry: no running registry is found by its socket in {_folder.Path}; check REGISTRY_STORAGE_PATH, or name an address with --server\n"), (run.ExitCode, run.Error));
    }

    private Task LogInAsync(string host, string user) => File.WriteAllTextAsync(
        Path.Combine(_docker.Path, "config.json"),
        $$$$"""{"auths":{"{{{{host}}}}":{"auth":"{{{{Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{AccessFolder.Password(user)}"))}}}}"}}}""");

    private Task<CommandRun> CommandAsync(params string[] arguments) => CommandRun.OfAsync(
        new Dictionary<string, string> { ["DOCKER_CONFIG"] = _docker.Path, ["REGISTRY_STORAGE_PATH"] = _folder.Path }, arguments);
}
