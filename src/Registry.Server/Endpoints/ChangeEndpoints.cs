using Microsoft.AspNetCore.Http;
using Registry.Core.Activity;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Oci;
using Registry.Events.Formats;
using Registry.Server.Configuration;
using Registry.Server.Http;
using Registry.Server.Http.Bodies;
using Registry.Server.Memory;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>
/// Endpoint of <c>/api/v1/changes</c>: what has happened in the repositories that the caller may see, in order, after a position that the client has kept. The events are those of the
/// webhooks, as a page, or as Server-Sent Events (HTML standard, section 9.2).
/// </summary>
internal sealed class ChangeEndpoints(
    IChangeFeed feed, RecentChanges changes, ActivityOperations activity, RequestMemory memory, RegistryOptions options, TimeProvider time)
{
    /// <summary>Greatest number of streams of a user, or of the network of anonymous clients.</summary>
    public const int MaxOfCaller = 20;

    private const string EventStream = "text/event-stream";

    // Names, digests, a user and a program of 256 characters, in JSON; the same as rows, as text, and in a buffer that doubles.
    private const int EventOnPage = 3 * 1024;
    private const int InRows = 4;

    // A page of few, instead of a request that takes long, for a caller who may see few of very many changes: 2,000 are looked at.
    private const int MaxBatches = 10;
    private const int Batch = 200;

    // Of a stream, this many are in memory at a time.
    private const int StreamPage = 20;

    // Proxies close a connection on which nothing is sent for a minute.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(15);

    // The client connects again, and its log-in and the rules are asked again.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    private readonly CallerCounts<MemoryHolder> _streams = new(MaxOfCaller);

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "after", "n") is { } unknown)
        {
            return unknown;
        }

        if (!QueryParameter.Find(query, "after").TryGet(out var text, out var fault) || !ApiParameters.ReadPageSize(query).TryGet(out var n, out fault))
        {
            return fault;
        }

        var isStream = request.Request.Headers.Accept.Any(accept => accept?.Contains(EventStream, StringComparison.OrdinalIgnoreCase) is true)
            && HttpMethods.IsGet(request.Request.Method);
        if (isStream && request.Request.Headers["Last-Event-ID"] is [{ Length: > 0 } last])
        {
            text = last;
        }

        request.TakeTurns();
        var epoch = await feed.FindEpochAsync();
        if (!(await FindAsync(text ?? (isStream ? "now" : null), epoch)).TryGet(out var after, out fault))
        {
            return fault;
        }

        var writer = new CloudEvent(epoch, options.ExternalUrl);
        return isStream ? await StreamAsync(request, writer, epoch, after) : await ListAsync(request, writer, epoch, after, activity.PageSize(n));
    }

    // The position after which to begin.
    private async Task<Result<long>> FindAsync(string? text, long epoch)
    {
        var (oldest, end) = (await feed.FindLostAsync(), await feed.FindEndAsync());
        if (text is null or "now")
        {
            return text is null ? oldest : end;
        }

        if (!EventId.TryParse(text, out var id))
        {
            return new RegistryError(
                RegistryErrorCode.BadRequest, $"after is '{Parameters.Echo(text)}'; it must be the id of an event, such as {new EventId(epoch, end)}, or now");
        }

        return id.Epoch == epoch && id.Position >= oldest && id.Position <= end
            ? id.Position
            : new RegistryError(
                RegistryErrorCode.ChangesGone,
                $"after is '{Parameters.Echo(text)}', {(id.Epoch == epoch ? "and the changes after it are not all kept" : "from before a restore, or of another registry")}; the oldest position is {new EventId(epoch, oldest)}");
    }

    private async Task<RegistryError?> ListAsync(RequestContext request, CloudEvent writer, long epoch, long after, int limit)
    {
        using var held = new HeldListing(request, memory);
        if (await held.ReserveAsync((limit + 1L) * EventOnPage, (Batch + limit) * (long)EventOnPage * InRows) is { } refused)
        {
            return refused;
        }

        var (last, hasMore) = (after, true);
        var shown = new List<RegistryChange>();
        for (var batch = 0; batch < MaxBatches && shown.Count < limit && hasMore; batch++)
        {
            var page = await changes.ReadAsync(last, Batch);
            hasMore = page.End > last;
            last = Show(request, page, limit - shown.Count, shown);
        }

        var next = NextPage.PathOf(request, "after", hasMore ? new EventId(epoch, last).ToString() : null, "n");
        NextPage.Describe(request, next);
        var body = JsonResponse.Serialize(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("events");
            shown.ForEach(change => writer.Write(json, change));
            json.WriteEndArray();
            json.WriteString("last", new EventId(epoch, last).ToString());
            if (next is not null)
            {
                json.WriteString("next", next);
            }

            json.WriteEndObject();
        });
        await held.SendAsync(body, MediaTypes.Json);
        return null;
    }

    private async Task<RegistryError?> StreamAsync(RequestContext request, CloudEvent writer, long epoch, long after)
    {
        if (!_streams.TryEnter(request.MemoryHolder))
        {
            return new RegistryError(RegistryErrorCode.TooManyRequests, $"you have {MaxOfCaller} streams of changes open; close one of them");
        }

        try
        {
            using var reading = await changes.BeginAsync();
            request.Response.ContentType = EventStream;
            request.Response.Headers.CacheControl = "no-store";

            // nginx would keep the events until its buffer is full.
            request.Response.Headers["X-Accel-Buffering"] = "no";
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(request.Aborted, changes.Stopping);
            await SendAsync(request, writer, epoch, after, ends.Token);
            return null;
        }
        finally
        {
            _streams.Leave(request.MemoryHolder);
        }
    }

    // An id without data is no event for the client, and the place from which it goes on all the same.
    private async Task SendAsync(RequestContext request, CloudEvent writer, long epoch, long after, CancellationToken cancellationToken)
    {
        var begunAt = time.GetTimestamp();
        var last = after;
        var shown = new List<RegistryChange>();
        await SendAsync(request, $": live\nid: {new EventId(epoch, last)}\n\n", ReadOnlyMemory<byte>.Empty);
        while (time.GetElapsedTime(begunAt) < Longest && !changes.Stopping.IsCancellationRequested)
        {
            var page = await changes.ReadAsync(last, StreamPage);
            shown.Clear();
            last = Show(request, page, StreamPage, shown);
            foreach (var change in shown)
            {
                await SendAsync(request, $"id: {new EventId(epoch, change.Sequence)}\ndata: ", JsonResponse.Serialize(json => writer.Write(json, change)));
            }

            try
            {
                if (!await changes.WaitAsync(last, Pause, cancellationToken))
                {
                    await SendAsync(request, $"id: {new EventId(epoch, last)}\n\n", ReadOnlyMemory<byte>.Empty);
                }
            }
            catch (OperationCanceledException) when (changes.Stopping.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private static async Task SendAsync(RequestContext request, string head, ReadOnlyMemory<byte> data)
    {
        await BodyWriting.WriteAsync(request, System.Text.Encoding.UTF8.GetBytes(head));
        if (!data.IsEmpty)
        {
            await BodyWriting.WriteAsync(request, data);
            await BodyWriting.WriteAsync(request, "\n\n"u8.ToArray());
        }
    }

    // Adds the changes of a page that the caller may see. Returns the position up to which they are done with.
    private static long Show(RequestContext request, ChangePage page, int limit, List<RegistryChange> shown)
    {
        var count = 0;
        foreach (var change in page.Changes)
        {
            if (ActivityOperations.Show(new ActivityQuery(), change, request.MayList, request.OriginDetail) is { } visible)
            {
                shown.Add(visible);
                if (++count == limit)
                {
                    return change.Sequence;
                }
            }
        }

        return page.End;
    }
}
