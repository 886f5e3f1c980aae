using Registry.Testing;

namespace Registry.Torture.Attacks.Connections;

/// <summary>Clients that close their sending side after the request, and then read the answer.</summary>
internal sealed class HalfClosers : IAttack
{
    private const int Clients = 32;

    public string Name => "half-closers";

    public string Subject => "clients that close their sending side before they read";

    private readonly TestImage _image = TestImage.Create(Content.Annotated(300_000));

    public Task PrepareAsync(Target target, Tally tally) => Content.PushAsync(target, _image, tally);

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop)
    {
        var request = target.Head("GET", $"/v2/{Target.Repository}/manifests/{_image.Digest}");
        return Crowd.RunAsync(target.Count(Clients), tally, random, async (member, _, _) =>
        {
            using var connection = await target.OpenAsync(member, stop);
            tally.Connected();
            await connection.SendAsync(request, stop);
            connection.EndSending();
            try
            {
                var answer = await connection.ReadAnswerAsync(cancellationToken: stop);
                tally.Answered(answer);
                if (answer.Status == 200 && !answer.Body.AsSpan().SequenceEqual(_image.Manifest.Bytes))
                {
                    tally.Add("answers cut short");
                }
            }
            catch (EndOfStreamException)
            {
                tally.Add("no answer");
            }
        }, stop);
    }
}
