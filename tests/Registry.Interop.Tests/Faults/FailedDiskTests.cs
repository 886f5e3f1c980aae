using System.IO.Pipelines;
using System.Net;
using Registry.Testing;
using Registry.Testing.Processes;
using Registry.Torture.Faults;

namespace Registry.Interop.Tests.Faults;

/// <summary>A disk that fails in the middle of a push.</summary>
public sealed class FailedDiskTests
{
    private const int Half = 400_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ext4", "e2fsprogs")]
    [InlineData("xfs", "xfsprogs")]
    public async Task A_push_whose_disk_fails_is_told_so(string type, string package)
    {
        Requires.Program($"mkfs.{type}", package);
        Requires.Root("mount");
        using var folder = new TemporaryFolder("disk");
        await using CuttableDisk disk = await CuttableDisk.CreateAsync(folder.File("disk.img"), folder.Folder("disk"), type, 300);
        string data = Path.Combine(disk.Path, "data");
        await using RegistryProcess registry = await RegistryProcess.StartAsync(data, cancellationToken: Cancellation);
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        string location = await client.BeginUploadAsync("team/app");
        var body = new Pipe();
        using var request = new HttpRequestMessage(HttpMethod.Patch, location) { Content = new StreamContent(body.Reader.AsStream()) };
        Task<HttpResponseMessage> answer = client.SendAsync(request, Cancellation);
        _ = await body.Writer.WriteAsync(new byte[Half], Cancellation);
        // The client may keep the end of it until there is more.
        await Eventually.TrueAsync(() => Directory.EnumerateFiles(Path.Combine(data, "uploads")).Any(file => new FileInfo(file).Length > 0), "the first half is in the file");

        disk.Cut();
        _ = await body.Writer.WriteAsync(new byte[Half], Cancellation);
        await body.Writer.CompleteAsync();

        using HttpResponseMessage refused = await answer;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.DoesNotContain("internal error", registry.Output, StringComparison.Ordinal);
    }
}
