using Registry.Testing;

namespace Registry.Torture.Attacks.Requests;

/// <summary>Lists referrers with annotations of 4 MB: some clients read each listing at once, others a kilobyte a second, while more referrers are pushed.</summary>
internal sealed class LargeReferrers : IAttack
{
    private const int ReferrersAtFirst = 8;
    private const int Referrers = 40;
    private const int Callers = 64;

    public string Name => "large-referrers";

    public string Subject => "listings of referrers with annotations of 4 MB, read slowly and at once";

    private readonly TestImage _subject = TestImage.Create();

    public async Task PrepareAsync(Target target, Tally tally)
    {
        await Content.PushAsync(target, _subject, tally);
        await PushAsync(target, target.Count(ReferrersAtFirst), tally, CancellationToken.None);
    }

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop)
    {
        var listing = target.Head("GET", $"/v2/{Target.Repository}/referrers/{_subject.Digest}");
        return Task.WhenAll(
            PushAsync(target, target.Count(Referrers), tally, stop),
            Crowd.RunAsync(target.Count(Callers), tally, random, (member, _, _) => ListAsync(target, tally, listing, member, stop), stop));
    }

    private async Task PushAsync(Target target, int count, Tally tally, CancellationToken stop)
    {
        for (var i = 0; i < count && !stop.IsCancellationRequested; i++)
        {
            await Content.PushAsync(target, TestImage.Artifact("application/vnd.example.note", _subject, Content.Annotated(Content.Large)), tally, stop);
            tally.Add("referrers pushed");
        }
    }

    private static async Task ListAsync(Target target, Tally tally, string listing, int member, CancellationToken stop)
    {
        var isSlow = member % 2 == 1;
        using var connection = await target.OpenAsync(member, stop, isSlow ? SlowRead.Buffer : null);
        tally.Connected();
        await connection.SendAsync(listing, stop);
        if (isSlow)
        {
            await SlowRead.RunAsync(connection, stop);
        }
        else
        {
            tally.Answered(await connection.ReadAnswerAsync(cancellationToken: stop));
        }
    }
}
