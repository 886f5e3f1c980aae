using System.IO.Pipelines;
using Registry.Core.Oci;
using Registry.Storage.Contracts;

namespace Registry.Storage.Files.Tests.Uploads;

/// <summary>Limits the allocations of an upload, whatever its size: its bytes stay in the buffers of the server.</summary>
[Xunit.Collection(Alone.Name)]
public sealed class UploadBudgetTests
{
    private const int Megabyte = 1024 * 1024;
    private const int BytesPerMegabyte = 8 * 1024;

    [Fact]
    public async Task Appending_a_megabyte_allocates_a_few_kilobytes()
    {
        await using var engine = new FileSystemEngine();
        var content = Samples.Bytes(1, 32 * Megabyte);
        await using var upload = await engine.Uploads.CreateUnnamedAsync(Samples.Repository("team/app"), DigestAlgorithm.Sha256);
        await upload.AppendAsync(Samples.Body(content[..Megabyte]), DigestAlgorithm.Sha256, default);
        PipeReader body = Samples.Body(content);

        var before = GC.GetTotalAllocatedBytes(precise: true);
        await upload.AppendAsync(body, DigestAlgorithm.Sha256, default);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        Assert.InRange(allocated / (content.Length / Megabyte), 0, BytesPerMegabyte);
    }
}
