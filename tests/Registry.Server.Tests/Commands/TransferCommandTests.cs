namespace Registry.Server.Tests.Commands;

/// <summary><c>export</c>, <c>import</c> and <c>copy</c> as separate processes, connected by pipes.</summary>
public sealed class TransferCommandTests : IDisposable
{
    private const string Repository = "team/app";

    private readonly TemporaryFolder _folder = new("transfer", isInMemory: true);
    private readonly TestImage _amd64 = TestImage.Create();
    private readonly TestImage _arm64 = TestImage.Create(layers: 3);
    private readonly TestImage _index;
    private readonly TestImage _signature;

    public TransferCommandTests()
    {
        _index = TestImage.Index([_amd64, _arm64]);
        _signature = TestImage.Artifact("application/vnd.test.signature", _index);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Source => Path.Combine(_folder.Path, "source");

    private string Target => Path.Combine(_folder.Path, "target");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Images_go_from_a_registry_that_runs_through_a_pipe_into_another_byte_for_byte()
    {
        await using (await StartSourceAsync())
        {
            await SucceedAsync($"registry export {Repository} - | REGISTRY_STORAGE_PATH='{Target}' registry import --create -");
        }

        await AssertHeldAsync(Target, Repository);
    }

    [Theory]
    [InlineData("images.tar")]
    [InlineData("layout")]
    public async Task An_archive_and_a_folder_are_imported_alike_under_another_name(string name)
    {
        var path = Path.Combine(_folder.Path, name);
        await using (await StartSourceAsync())
        {
            await SucceedAsync($"registry export {Repository}:1.0 '{path}'");
        }

        await SucceedAsync($"REGISTRY_STORAGE_PATH='{Target}' registry import --create '{path}' other/app");
        await AssertHeldAsync(Target, "other/app");
    }

    [Fact]
    public async Task An_archive_comes_from_a_file_on_standard_input_and_goes_to_one_on_standard_output()
    {
        var archive = Path.Combine(_folder.Path, "archive");
        await using (await StartSourceAsync())
        {
            await SucceedAsync($"registry export {Repository} - > '{archive}'");
        }

        await SucceedAsync($"REGISTRY_STORAGE_PATH='{Target}' registry import --create - < '{archive}'");
        await AssertHeldAsync(Target, Repository);
    }

    [Fact]
    public async Task A_copy_links_an_image_under_another_name_beside_a_running_registry_and_without_one()
    {
        await using (await StartSourceAsync())
        {
            await SucceedAsync("registry copy team/app:1.0 production/app");
        }

        var blobs = CountBlobs();
        await SucceedAsync("registry copy team/app:1.0 stopped/app");
        Assert.Equal(blobs, CountBlobs());
        await AssertHeldAsync(Source, "production/app");
        await AssertHeldAsync(Source, "stopped/app");
        await AssertHeldAsync(Source, Repository);
    }

    [Theory]
    [InlineData("registry export team/none -", "team/none")]
    [InlineData("registry copy team/app:2.0 production/app", "team/app:2.0")]
    [InlineData("registry import - < /dev/null", "the archive from standard input")]
    [InlineData("head --bytes=100000 /dev/urandom | registry import -", "the archive from standard input")]
    public async Task What_is_not_there_or_no_archive_is_named_and_ends_with_1(string line, string named)
    {
        await using (await StartSourceAsync())
        {
        }

        var blobs = CountBlobs();
        var (exitCode, output) = await RegistryProcess.RunShellAsync(line, Source, Cancellation);

        Assert.Equal(1, exitCode);
        Assert.Contains("registry: ", output, StringComparison.Ordinal);
        Assert.Contains(named, output, StringComparison.Ordinal);
        Assert.Equal(blobs, CountBlobs());
    }

    [Theory]
    [InlineData("import --create", "import --create - < in")]
    [InlineData("export", "export team/app - > out")]
    public async Task SIGTERM_ends_an_import_or_export_whose_pipe_stands_still(string command, string line)
    {
        await using (var registry = await StartSourceAsync())
        {
            // More than a pipe takes.
            await registry.Client.PushAsync(Repository, TestImage.Create(layerSize: 4 * 1024 * 1024), "large");
        }

        // Both ends of the pipes are open here, so that neither ends.
        var pipe = line[^3..].Trim();
        var isAtWork = command == "export" ? "read -r -n 1 -u 3 -d ''" : "until compgen -G \"$REGISTRY_STORAGE_PATH/uploads/*.tmp\" > /dev/null; do kill -0 $pid || exit 2; done";
        var script = $$"""
            cd '{{_folder.Path}}' && mkfifo {{pipe}} && exec 3<>{{pipe}}
            "${program[@]}" {{line}} & pid=$!
            {{isAtWork}}
            kill -TERM $pid; wait $pid
            """;
        var (exitCode, output) = await RegistryProcess.RunShellAsync(script, Source, Cancellation);
        Assert.Equal(1, exitCode);
        Assert.Contains("was interrupted", output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(Source, "uploads"), "*.tmp"));
    }

    private async Task<TestRegistry> StartSourceAsync()
    {
        var registry = await TestRegistry.StartAsync(storagePath: Source);
        await registry.Client.PushAsync(Repository, _index, "1.0");
        await registry.Client.PushAsync(Repository, _signature);
        return registry;
    }

    private async Task SucceedAsync(string line)
    {
        var (exitCode, output) = await RegistryProcess.RunShellAsync(line, Source, Cancellation);
        Assert.True(exitCode == 0, output);
    }

    private async Task AssertHeldAsync(string storage, string repository)
    {
        var (exitCode, output) = await RegistryProcess.RunAsync("verify", storage, cancellationToken: Cancellation);
        Assert.True(exitCode == 0, output);
        await using var registry = await TestRegistry.StartAsync(storagePath: storage);
        Assert.Equal(_index.Manifest.Bytes, (await registry.Client.GetAnswerAsync($"/v2/{repository}/manifests/1.0")).Body);
        foreach (var image in new[] { _index, _amd64, _arm64, _signature })
        {
            Assert.Equal(image.Manifest.Bytes, (await registry.Client.GetAnswerAsync($"/v2/{repository}/manifests/{image.Digest}")).Body);
            foreach (var blob in image.Blobs)
            {
                Assert.Equal(blob.Bytes, (await registry.Client.GetAnswerAsync($"/v2/{repository}/blobs/{blob.Digest}")).Body);
            }
        }

        var referrers = await registry.Client.GetAnswerAsync($"/v2/{repository}/referrers/{_index.Digest}");
        Assert.Contains(_signature.Digest, referrers.Text, StringComparison.Ordinal);
    }

    private int CountBlobs() => Directory.EnumerateFiles(Path.Combine(Source, "blobs"), "data", SearchOption.AllDirectories).Count();
}
