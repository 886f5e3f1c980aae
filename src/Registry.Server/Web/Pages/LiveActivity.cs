using System.Globalization;
using System.Threading.Channels;
using Registry.Core.Activity;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Oci;
using Registry.Server.Endpoints;
using Registry.Server.Memory;
using Registry.Server.Requests;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages;

/// <summary>
/// What happens while a page of the activity is open, and since it was made, as Server-Sent Events (HTML standard, section 9.2): each event is an item of the list of the page. The page leaves out
/// an item that it has.
/// </summary>
internal sealed class LiveActivity(ActivityNews news, ActivityOperations activity, TimeProvider time)
{
    /// <summary>Greatest number of streams of a user, or of the network of anonymous visitors.</summary>
    public const int MaxOfCaller = 20;

    // As many as the largest page.
    private const int MostMissed = ActivityOperations.MaxChanges;

    // Proxies close a connection on which nothing is sent for a minute.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(15);

    // The browser connects again, and the log-in and the rules are asked again.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    private readonly CallerCounts<MemoryHolder> _streams = new(MaxOfCaller);

    public Task<RegistryError?> GetAsync(RequestContext request) => GetAsync(request, request.Repository);

    public Task<RegistryError?> GetAllAsync(RequestContext request) => GetAsync(request, repository: null);

    private async Task<RegistryError?> GetAsync(RequestContext request, RepositoryName? repository)
    {
        if (!ApiParameters.ReadActivity(request.Request.Query, repository).TryGet(out var query, out var fault)
            || !ApiParameters.ReadPosition(request.Request.Query, "after", "the position of a change").TryGet(out var after, out fault))
        {
            return fault;
        }

        if (!_streams.TryEnter(request.MemoryHolder))
        {
            return new RegistryError(RegistryErrorCode.TooManyRequests, $"you have {MaxOfCaller} pages open that show live activity; close one of them");
        }

        try
        {
            using var reader = await news.OpenAsync(long.TryParse(request.Request.Headers["Last-Event-ID"], NumberStyles.None, CultureInfo.InvariantCulture, out var last) ? last : null);
            request.Response.ContentType = "text/event-stream";
            request.Response.Headers.CacheControl = "no-store";

            // nginx would keep the events until its buffer is full.
            request.Response.Headers["X-Accel-Buffering"] = "no";
            await SendAsync(request, query, await ListMissedAsync(request, query, after), reader.Changes);
            return null;
        }
        finally
        {
            _streams.Leave(request.MemoryHolder);
        }
    }

    // What has happened between the page and the reader, the oldest first, at most a page. They are read after the reader was opened, so that none is missed, and some may come twice.
    private async Task<IReadOnlyList<RegistryChange>> ListMissedAsync(RequestContext request, ActivityQuery query, long? after) =>
        after is null || (query.Repository is null && !request.MayListAny)
            ? []
            : [.. (await activity.ListAsync(query with { Before = null, After = after, Limit = MostMissed }, MayShow(request, query), request.OriginDetail)).Changes.Reverse()];

    private static Func<RepositoryName, bool> MayShow(RequestContext request, ActivityQuery query) => query.Repository is null ? request.MayList : request.MayPull;

    private async Task SendAsync(RequestContext request, ActivityQuery query, IReadOnlyList<RegistryChange> missed, ChannelReader<RegistryChange> changes)
    {
        var output = new PageOutput(request);
        var begunAt = time.GetTimestamp();
        output.Html.Write($": live\n\n");

        // Without an id, by which a browser goes on: positions of the feed are those of the reader.
        foreach (var change in missed)
        {
            output.Html.Write($"data: {new ChangePart(change, isOfAll: query.Repository is null)}\n\n");
            await output.PassAsync();
        }

        await output.FlushAsync();
        var arrived = changes.WaitToReadAsync(request.Aborted).AsTask();
        var paused = Task.Delay(Pause, time, request.Aborted);
        while (time.GetElapsedTime(begunAt) < Longest)
        {
            if (await Task.WhenAny(arrived, paused) != arrived)
            {
                request.Aborted.ThrowIfCancellationRequested();
                paused = Task.Delay(Pause, time, request.Aborted);
                output.Html.Write($":\n\n");
            }
            else if (await arrived)
            {
                while (changes.TryRead(out var change))
                {
                    if (ActivityOperations.Show(query, change, MayShow(request, query), request.OriginDetail) is { } visible)
                    {
                        output.Html.Write($"id: {visible.Sequence}\ndata: {new ChangePart(visible, isOfAll: query.Repository is null)}\n\n");
                    }
                }

                arrived = changes.WaitToReadAsync(request.Aborted).AsTask();
            }
            else
            {
                // Too slow, or the registry stops.
                return;
            }

            await output.FlushAsync();
        }
    }
}
