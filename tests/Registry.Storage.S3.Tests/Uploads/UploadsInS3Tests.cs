using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Contracts.Bytes;

namespace Registry.Storage.S3.Tests.Uploads;

public sealed class UploadsInS3Tests : UploadStoreContract
{
    private readonly S3Engine _engine;

    public UploadsInS3Tests(Gateway gateway)
        : this(new S3Engine(gateway.NewSettings()))
    {
    }

    private UploadsInS3Tests(S3Engine engine)
        : base(engine) => _engine = engine;

    [Fact]
    public async Task Bytes_that_the_store_does_not_have_yet_are_not_reported()
    {
        var session = await _engine.Uploads.CreateAsync(Samples.Repository("team/app"), null, DigestAlgorithm.Sha256);
        await using (var upload = (await _engine.Uploads.TryAcquireAsync(session.Id))!)
        {
            await upload.AppendAsync(Samples.Body(Samples.Bytes(1, 300_000)), DigestAlgorithm.Sha256, default);
            Assert.Equal(300_000, upload.Length);
            Assert.Equal(0, (await _engine.Uploads.FindAsync(session.Id))!.Length);
        }

        Assert.Equal(300_000, (await _engine.Uploads.FindAsync(session.Id))!.Length);
    }
}
