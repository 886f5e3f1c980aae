using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Containers;

/// <summary>Exchange of image layouts between <c>registry export</c>, <c>registry import</c> and skopeo.</summary>
public sealed class SkopeoLayoutTests(ContainersHome home) : IClassFixture<ContainersHome>, IDisposable
{
    private const string Repository = "layout/app";

    private readonly TemporaryFolder _folder = new("layout");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Skopeo_reads_what_the_registry_has_exported_byte_for_byte()
    {
        Command skopeo = home.Skopeo;
        var sample = SampleImage.MultiArchitecture();
        string storage = _folder.Folder("storage");
        string layout = Path.Combine(_folder.Path, "exported");
        string archive = layout + ".tar";
        await using (RegistryProcess registry = await RegistryProcess.StartAsync(storage, cancellationToken: Cancellation))
        {
            using var http = new RegistryHttp(registry.BaseAddress);
            await http.PushImageAsync(sample.Layout, sample.Top, Repository, "1", Cancellation);
            await RunAsync($"export {Repository}:1 {layout}", storage);
            await RunAsync($"export {Repository}:1 {archive}", storage);
        }

        foreach (string source in new[] { $"oci:{layout}", $"oci-archive:{archive}" })
        {
            CommandResult raw = await skopeo.RunAsync("inspect", "--raw", $"{source}:1");
            Assert.Equal(System.Text.Encoding.UTF8.GetString(sample.Layout.Content[sample.Top.Digest]), raw.Text);
            string copy = Path.Combine(_folder.Path, source[..source.IndexOf(':', StringComparison.Ordinal)]);
            _ = await skopeo.RunAsync("copy", "--all", $"{source}:1", $"oci:{copy}:1");
            sample.AssertHeldIn(copy);
        }
    }

    [Theory]
    [InlineData("oci:")]
    [InlineData("oci-archive:")]
    public async Task The_registry_imports_what_skopeo_has_written_and_gives_it_back_by_digest(string transport)
    {
        Command skopeo = home.Skopeo;
        var sample = SampleImage.MultiArchitecture();
        string written = Path.Combine(_folder.Path, "written");
        string storage = _folder.Folder("storage");
        _ = await skopeo.RunAsync("copy", "--all", sample.WriteTo(_folder.Folder("sample")), $"{transport}{written}:1");

        await RunAsync($"import --create {written} {Repository}:1", storage);

        await RunAsync("verify", storage);
        await using RegistryProcess registry = await RegistryProcess.StartAsync(storage, cancellationToken: Cancellation);
        using var http = new RegistryHttp(registry.BaseAddress);
        await sample.AssertHeldAsync(http, Repository, sample.Top.Digest);
        await sample.AssertHeldAsync(http, Repository, "1");
    }

    private static async Task RunAsync(string command, string storage)
    {
        var (exitCode, output) = await RegistryProcess.RunAsync(command, storage, cancellationToken: Cancellation);
        Assert.True(exitCode == 0, output);
    }
}
