using Registry.Testing;

namespace Registry.Torture.Attacks.Requests;

/// <summary>Clients of HTTP/1.1 that ask for a manifest of 4 MB and read 2 KiB a second.</summary>
internal sealed class SlowReaders : IAttack
{
    private const int Readers = 300;

    public string Name => "slow-readers";

    public string Subject => "300 GETs of a manifest of 4 MB that are read at 2 KiB a second";

    private readonly TestImage _image = TestImage.Create(Content.Annotated(Content.Large));

    public Task PrepareAsync(Target target, Tally tally) => Content.PushAsync(target, _image, tally);

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop)
    {
        var request = target.Head("GET", $"/v2/{Target.Repository}/manifests/{_image.Digest}");
        return Crowd.RunAsync(target.Count(Readers), tally, random, async (member, _, _) =>
        {
            using var connection = await target.OpenAsync(member, stop, SlowRead.Buffer);
            tally.Connected();
            await connection.SendAsync(request, stop);
            await SlowRead.RunAsync(connection, stop);
        }, stop);
    }
}
