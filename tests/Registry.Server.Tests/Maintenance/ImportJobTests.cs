using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Server.Maintenance;
using Registry.Server.Tests.Commands;
using Registry.Storage.Files;

namespace Registry.Server.Tests.Maintenance;

/// <summary><c>registry import</c> while a registry runs on the folder.</summary>
public sealed class ImportJobTests : IDisposable
{
    private readonly TemporaryFolder _folder = new("imp", isInMemory: true);
    private readonly TestImage _image;
    private readonly TestImage _index;

    public ImportJobTests()
    {
        do
        {
            _image = TestImage.Create(layers: 3);
            _index = TestImage.Index([_image, TestImage.Create()]);
        }
        while (!IsApart(_index));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Data => _folder.Folder("data");

    private string Layout => Path.Combine(_folder.Path, "layout");

    private string Archive => Path.Combine(_folder.Path, "images.tar");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_folder_an_archive_and_a_pipe_are_imported_by_the_running_registry()
    {
        LayoutFolder.Write(Layout, ("team/app:1.0", _index), ("team/tool:2.0", _image));
        LayoutFolder.WriteArchive(Archive, ("team/app:1.0", _index));
        await using var registry = await TestRegistry.StartAsync(storagePath: Data);
        var folder = await RegistryProcess.RunAsync($"import {Layout}", Data, cancellationToken: Cancellation);
        Assert.Matches("^Imported team/app:1.0\nImported team/tool:2.0\n4 manifests, 10 blobs, \\d+ bytes\\.$", folder.Output.TrimEnd());
        Assert.Equal(0, folder.ExitCode);
        var archive = await RegistryProcess.RunAsync($"import {Archive} other/app:1.0", Data, cancellationToken: Cancellation);
        Assert.True(archive.ExitCode == 0, archive.Output);
        var pipe = await RegistryProcess.RunShellAsync($"cat '{Archive}' | registry import - piped/app:1.0", Data, Cancellation);
        Assert.True(pipe.ExitCode == 0, pipe.Output);
        await AssertNothingIsLeftAsync();
        foreach (var repository in new[] { "team/app", "other/app", "piped/app" })
        {
            await AssertHeldAsync(registry, repository, "1.0", _index);
        }

        await AssertHeldAsync(registry, "team/tool", "2.0", _image);
        Assert.Equal(["import", "import", "import"], registry.Host.Jobs.List().Select(job => job.Work.Kind));
        Assert.All(registry.Host.Jobs.List(), job => Assert.Equal(JobState.Succeeded, job.Status.State));
        Assert.Equal("Imported piped/app:1.0: 3 manifests, 6 blobs, ", registry.Host.Jobs.List()[0].Status.Outcome!.Text[..46]);
        var progress = registry.Host.Jobs.List()[0].Status.Progress!.Value;
        Assert.Equal((progress.Amount, "Importing 6 of 6 blobs"), (progress.Total, progress.Text));

        // The history names the user of the machine, as for every request on the socket.
        var changes = await registry.Host.Storage.Changes.ReadAsync(0, 1000);
        Assert.All(changes, change => Assert.StartsWith("$local:", change.Origin.Actor, StringComparison.Ordinal));

        // A collection that takes all it may take leaves what was imported.
        Assert.Equal(new CommandRun(0, "Removed 0 manifests, 0 links and 0 blobs.\n", ""), await CommandAsync("gc", "--force"));
        await AssertHeldAsync(registry, "piped/app", "1.0", _index);
    }

    [Fact]
    public async Task The_job_goes_on_when_its_command_is_killed_and_another_job_is_refused_meanwhile()
    {
        LayoutFolder.WriteArchive(Archive, ("team/app:1.0", _index));
        await using var registry = await TestRegistry.StartAsync(storagePath: Data);
        var held = await HoldAsync(registry);
        await using var import = RegistryProcess.Launch(Data, "import", Archive);
        await ProgressAsync(registry);
        var second = await CommandAsync("import", Archive);
        Assert.Equal((1, ""), (second.ExitCode, second.Output));
        Assert.Matches(": the job cannot be started: 'import' runs since .*Z, started by \\$local:\\d+, and one job runs at a time; ", second.Error);
        Assert.Matches("  import path=/.*images.tar  \\$local:\\d+  running  Importing \\d of 6 blobs: \\d+ %", (await CommandAsync("jobs", "ls")).Output);
        import.Kill();
        await import.WaitForExitAsync(Patience.Limit, Cancellation);

        // Pushes go on beside it, also into the same repository.
        var pushed = TestImage.Create();
        while (!IsApart(pushed))
        {
            pushed = TestImage.Create();
        }

        await registry.Client.PushAsync("team/app", pushed, "pushed");
        await held.DisposeAsync();
        await Eventually.TrueAsync(() => registry.Host.Jobs.List() is [{ Status.State: JobState.Succeeded }]);
        await AssertHeldAsync(registry, "team/app", "1.0", _index);
    }

    [Fact]
    public async Task A_cancelled_import_sets_no_tag_and_is_repeated()
    {
        LayoutFolder.Write(Layout, ("team/app:1.0", _index), ("team/app:2.0", _image));
        await using var registry = await TestRegistry.StartAsync(storagePath: Data);
        var before = await registry.Client.PushAsync("team/app", TestImage.Create(), "1.0");
        var held = await HoldAsync(registry);
        await using var import = RegistryProcess.Launch(Data, "import", Layout);
        await ProgressAsync(registry);
        Assert.Equal(0, (await CommandAsync("jobs", "cancel")).ExitCode);
        await held.DisposeAsync();
        Assert.Equal(1, await import.WaitForExitAsync(Patience.Limit, Cancellation));
        Assert.StartsWith("registry: the import was interrupted; every tag that it has set is complete. Run it again to continue; ", import.Output, StringComparison.Ordinal);
        Assert.Equal(["1.0"], (await registry.Client.GetAnswerAsync("/v2/team/app/tags/list")).Json.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()));
        await AssertHeldAsync(registry, "team/app", "1.0", before);
        Assert.Equal(0, (await CommandAsync("verify", "--full-speed")).ExitCode);

        Assert.Equal(0, (await CommandAsync("import", Layout)).ExitCode);
        await AssertHeldAsync(registry, "team/app", "1.0", _index);
        await AssertHeldAsync(registry, "team/app", "2.0", _image);
    }

    [Fact]
    public async Task A_read_only_registry_imports_nothing_and_one_that_becomes_it_stops()
    {
        LayoutFolder.Write(Layout, ("team/app:1.0", _index));
        await using var registry = await TestRegistry.StartAsync(storagePath: Data);
        var held = await HoldAsync(registry);
        var import = CommandAsync("import", Layout);
        await ProgressAsync(registry);
        registry.Host.ReadOnly.TurnOn();
        await held.DisposeAsync();
        Assert.Equal(
            new CommandRun(1, "", $"registry: {Layout} was not imported to its end: the registry has become read-only. Every tag that was set is complete; end that mode with 'registry read-only off', and run the command again\n"),
            await import);
        Assert.Equal(
            new CommandRun(1, "", "registry: the registry is read-only, so nothing was imported; end that mode with 'registry read-only off', and run the command again\n"),
            await CommandAsync("import", Layout));
        Check.Status(404, await registry.Client.GetAnswerAsync("/v2/team/app/manifests/1.0"));
        registry.Host.ReadOnly.TurnOff();
        Assert.Equal(0, (await CommandAsync("import", Layout)).ExitCode);
        await AssertHeldAsync(registry, "team/app", "1.0", _index);
    }

    [Fact]
    public async Task What_cannot_be_imported_is_named_and_sets_no_tag()
    {
        await using var registry = await TestRegistry.StartAsync(storagePath: Data);
        LayoutFolder.Write(Layout, ("team/app:1.0", _index));
        var damaged = _image.Blobs[^1];
        var path = LayoutFolder.PathOf(Layout, damaged);
        var bytes = await File.ReadAllBytesAsync(path, Cancellation);
        bytes[0] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, Cancellation);
        var run = await CommandAsync("import", Layout);
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.StartsWith($"registry: {Layout} the blob {damaged.Digest} was refused: ", run.Error, StringComparison.Ordinal);
        File.Delete(path);
        Assert.StartsWith($"registry: {Layout} lacks the blob {damaged.Digest}, ", (await CommandAsync("import", Layout)).Error, StringComparison.Ordinal);
        Check.Status(404, await registry.Client.GetAnswerAsync("/v2/team/app/manifests/1.0"));

        var missing = await CommandAsync("import", "/nowhere");
        Assert.StartsWith("registry: /nowhere cannot be read: there is no such file. The registry itself reads it, as its own user", missing.Error, StringComparison.Ordinal);
        Assert.Contains("registry import - < FILE", missing.Error, StringComparison.Ordinal);
        var pipe = await RegistryProcess.RunShellAsync("echo nothing | registry import -", Data, Cancellation);
        Assert.Equal(1, pipe.ExitCode);
        Assert.StartsWith("registry: the archive from standard input ", pipe.Output, StringComparison.Ordinal);
        await AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task The_archive_of_a_killed_command_is_removed_by_the_job()
    {
        await using var registry = await TestRegistry.StartAsync(storagePath: Data);
        var spooled = new DataPaths(Data).TemporaryFile(Guid.NewGuid());
        LayoutFolder.WriteArchive(spooled, ("team/app:1.0", _image));
        LayoutFolder.WriteArchive(Archive, ("team/app:2.0", _image));
        foreach (var (path, isLeft) in new[] { (spooled, false), (Archive, true) })
        {
            var job = registry.Host.Jobs.Start(new ImportWork(path, isStandardInput: true, null, 4 * 1024 * 1024), ChangeOrigin.Collector).Value!;
            await Eventually.TrueAsync(() => job.Status.State != JobState.Running);
            Assert.Equal((JobState.Succeeded, isLeft), (job.Status.State, File.Exists(path)));
        }
    }

    [Fact]
    public async Task Imports_lose_nothing_while_the_collector_removes_the_same_blobs()
    {
        LayoutFolder.Write(Layout, ("team/app:1.0", _image));
        await using var registry = await TestRegistry.StartAsync(options => options with { Trash = TimeSpan.Zero }, Data);
        using var ended = new CancellationTokenSource();
        var collecting = Task.Run(
            async () =>
            {
                var blobs = 0;
                while (!ended.IsCancellationRequested)
                {
                    blobs += (await registry.Host.Collector.CollectAsync(CancellationToken.None)).Blobs;
                }

                return blobs;
            },
            Cancellation);
        for (var i = 0; i < 15; i++)
        {
            // Free at once: each is removed, or is imported again while it is being removed.
            foreach (var blob in _image.Blobs)
            {
                await registry.Client.PushBlobAsync("team/left", blob);
                Check.Status(202, await registry.Client.RequestAsync("DELETE", $"/v2/team/left/blobs/{blob.Digest}"));
            }

            var run = await CommandAsync("import", Layout);
            Assert.True(run.ExitCode == 0, run.Error);
            await AssertHeldAsync(registry, "team/app", "1.0", _image);
            Check.Status(202, await registry.Client.RequestAsync("DELETE", $"/v2/team/app/manifests/{_image.Digest}"));
            foreach (var blob in _image.Blobs)
            {
                Check.Status(202, await registry.Client.RequestAsync("DELETE", $"/v2/team/app/blobs/{blob.Digest}"));
            }
        }

        await ended.CancelAsync();
        Assert.True(await collecting > 0);
    }

    [Fact]
    public async Task A_path_of_the_machine_is_not_for_callers_from_elsewhere()
    {
        LayoutFolder.Write(Layout, ("team/app:1.0", _image));
        await using var maintained = await MaintainedRegistry.StartAsync();
        Check.Problem(
            403,
            "DENIED",
            "access forbidden",
            "an import reads files of the machine of the registry, so only commands on that machine may ask for it: run 'registry import' there. From elsewhere, a client can push into it: skopeo copy --all oci:FOLDER:TAG docker://HOST/REPOSITORY:TAG",
            await maintained.StartJobAsync($"import?path={Uri.EscapeDataString(Layout)}"));
        Assert.Empty(maintained.Registry.Host.Jobs.List());
        var run = await CommandAsync("import", Layout, "--server", maintained.Registry.Host.Addresses[0]);
        Assert.Equal(
            (2, "registry: an import reads files of the machine of the registry, so it has no --server: run it there. From elsewhere, a client can push into it: skopeo copy --all oci:FOLDER:TAG docker://HOST/REPOSITORY:TAG. See 'registry import --help'.\n"),
            (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData("import", "the query parameter 'path' is missing")]
    [InlineData("import?path=images.tar", "path is 'images.tar'; it must be an absolute path on the machine of the registry")]
    [InlineData("import?path=/x&target=A", "target is 'A'; it must be an image such as team/app:1.0, team/app@sha256:… or team/app")]
    public async Task Wrong_parameters_are_named(string job, string detail)
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        Check.Problem(400, "UNSUPPORTED", "malformed request", detail, await maintained.StartJobAsync(job));
    }

    // The second layer, so that an import stops between two others.
    private TestBlob Middle => _image.Blobs[2];

    private async Task<IAsyncDisposable> HoldAsync(TestRegistry registry) => await registry.Host.Storage.Blobs.FenceAsync(Digest.Parse(Middle.Digest), Cancellation);

    // Digests share 256 locks: what must not wait for the fence of the test has none in common with it.
    private bool IsApart(TestImage image) => image.Children.All(IsApart)
        && image.Blobs.Append(image.Manifest).All(blob => blob == Middle || LockOf(blob) != LockOf(Middle));

    private static int LockOf(TestBlob blob) => (Digest.Parse(blob.Digest).GetHashCode() & int.MaxValue) % 256;

    // The import waits for a blob then, whose fence the test holds.
    private static Task ProgressAsync(TestRegistry registry) => Eventually.TrueAsync(() => registry.Host.Jobs.List() is [{ Status.Progress: not null }]);

    private static async Task AssertHeldAsync(TestRegistry registry, string repository, string reference, TestImage image)
    {
        Assert.Equal(image.Manifest.Bytes, Check.Status(200, await registry.Client.GetAnswerAsync($"/v2/{repository}/manifests/{reference}")).Body);
        foreach (var blob in image.Blobs)
        {
            Assert.Equal(blob.Bytes, Check.Status(200, await registry.Client.GetAnswerAsync($"/v2/{repository}/blobs/{blob.Digest}")).Body);
        }

        foreach (var child in image.Children)
        {
            await AssertHeldAsync(registry, repository, child.Digest, child);
        }
    }

    // Small content has temporary files there, too, for a moment.
    private Task AssertNothingIsLeftAsync() => Eventually.TrueAsync(() => !Directory.EnumerateFiles(new DataPaths(Data).Uploads, "*.tmp").Any());

    private Task<CommandRun> CommandAsync(params string[] arguments) =>
        CommandRun.OfAsync(new Dictionary<string, string> { ["REGISTRY_STORAGE_PATH"] = Data }, arguments);
}
