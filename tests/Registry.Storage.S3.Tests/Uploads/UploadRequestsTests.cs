using Registry.Core.Uploads;
using Registry.Storage.Contracts;

namespace Registry.Storage.S3.Tests.Uploads;

/// <summary>Requests that an upload costs, and the memory that many share.</summary>
public sealed class UploadRequestsTests(Gateway gateway)
{
    private const int PartSize = 5 * 1024 * 1024;

    [Theory]
    [InlineData(1000)]
    [InlineData(PartSize)]
    public async Task A_layer_of_less_than_a_part_costs_one_request(int length)
    {
        var content = Samples.Bytes(1, length);
        var requests = await CountAsync(async bytes =>
        {
            var id = Guid.NewGuid();
            await using (var patch = bytes.Open(id, 0))
            {
                await patch.AppendAsync(new(content), null);
                await patch.FlushAsync();
            }

            await using var put = bytes.Open(id, length);
            await put.CommitAsync(Samples.Digest(content));
        });
        Assert.Equal(["PUT"], requests);
    }

    [Fact]
    public async Task A_blob_of_one_request_that_fits_into_a_part_costs_one_request()
    {
        var content = Samples.Bytes(1, 100_000);
        var requests = await CountAsync(async bytes =>
        {
            await using var post = bytes.Open(Guid.NewGuid(), 0);
            await post.AppendAsync(new(content), null);
            await post.CommitAsync(Samples.Digest(content));
        });
        Assert.Equal(["PUT"], requests);
    }

    [Fact]
    public async Task A_layer_of_parts_costs_a_request_for_each_and_two()
    {
        var content = Samples.Bytes(1, 4 * PartSize);
        var requests = await CountAsync(async bytes =>
        {
            var id = Guid.NewGuid();
            await using (var patch = bytes.Open(id, 0))
            {
                await patch.AppendAsync(new(content), null);
                await patch.FlushAsync();
            }

            await using var put = bytes.Open(id, content.Length);
            await put.CommitAsync(Samples.Digest(content));
        });
        Assert.Equal(["POST", "PUT", "PUT", "PUT", "PUT", "POST"], requests);
    }

    [Fact]
    public async Task Many_uploads_with_little_memory_all_end_and_do_not_mix()
    {
        await using var engine = new S3Engine(gateway.NewSettings() with { UploadMemory = 2 * PartSize });
        await Task.WhenAll(Enumerable.Range(0, 30).Select(i => Task.Run(async () =>
        {
            var content = Samples.Bytes(i, 1_500_000 + i);
            await using var upload = engine.UploadBytes.Open(Guid.NewGuid(), 0);
            foreach (var chunk in content.Chunk(200_000))
            {
                await upload.AppendAsync(new(chunk), null);
            }

            Assert.Equal(content, await engine.Blobs.ReadAsync(await upload.CommitAsync(Samples.Digest(content))));
        })));
    }

    [Fact]
    public async Task An_upload_that_waits_for_its_client_gives_its_memory_to_one_that_does_not()
    {
        await using var engine = new S3Engine(gateway.NewSettings() with { UploadMemory = 2 * PartSize });
        var content = Samples.Bytes(1, PartSize);
        List<IUploadContent> waiting = [engine.UploadBytes.Open(Guid.NewGuid(), 0), engine.UploadBytes.Open(Guid.NewGuid(), 0)];
        foreach (var upload in waiting)
        {
            await upload.AppendAsync(new(content), null);
        }

        await using (var other = engine.UploadBytes.Open(Guid.NewGuid(), 0))
        {
            await other.AppendAsync(new(content), null);
            Assert.Equal(content, await engine.Blobs.ReadAsync(await other.CommitAsync(Samples.Digest(content))));
        }

        foreach (var upload in waiting)
        {
            await upload.AppendAsync(new(content), null);
            byte[] whole = [.. content, .. content];
            Assert.Equal(whole, await engine.Blobs.ReadAsync(await upload.CommitAsync(Samples.Digest(whole))));
            await upload.DisposeAsync();
        }
    }

    private async Task<List<string>> CountAsync(Func<IUploadBytes, Task> use)
    {
        var requests = new List<string>();
        await using var engine = new S3Engine(gateway.NewSettings(), new Interference((request, send) =>
        {
            requests.Add(request.Method.Method);
            return send();
        }).Around);
        await use(engine.UploadBytes);
        return requests;
    }
}
