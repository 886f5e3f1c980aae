using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using Registry.Core.Objects;
using Registry.Storage.S3.Requests;
using Registry.Storage.S3.Uploads;

namespace Registry.Storage.S3;

/// <summary>Counts the requests to the store: each attempt, and none that the circuit refuses. A scrape reads the counters.</summary>
internal sealed class S3Metrics
{
    // A gateway answers in some milliseconds, and may take minutes to join parts.
    private static readonly InstrumentAdvice<double> RequestTimes = new()
    {
        HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
    };

    // In the order of S3Operation.
    private static readonly KeyValuePair<string, object?>[] Operations =
        Labels("registry.operation", "get", "head", "put", "part", "create", "complete", "abort", "delete", "list");

    // In the order of S3Result.
    private static readonly KeyValuePair<string, object?>[] Results =
        Labels("registry.result", "ok", "not_found", "client_error", "throttled", "server_error", "no_answer", "cancelled");

    private readonly long[,] _requests = new long[Operations.Length, Results.Length];
    private Histogram<double>? _duration;
    private long _retries;
    private long _sent;
    private long _received;

    /// <summary>Creates the instruments.</summary>
    /// <param name="meter">Meter of the host.</param>
    /// <param name="isOpen">Tells whether the circuit refuses requests.</param>
    /// <param name="memory">Memory of the uploads.</param>
    /// <param name="waiting">Reads what is known of the objects that wait for their deletion.</param>
    public void AddTo(Meter meter, Func<bool> isOpen, UploadMemory memory, Func<WaitingObjects> waiting)
    {
        _duration = meter.CreateHistogram(
            "registry.s3.request.duration", "s", "Duration of requests to S3 until the head of the answer, by operation.", advice: RequestTimes);
        meter.CreateObservableCounter("registry.s3.requests", ReadRequests, "{request}", "Requests to S3, by operation and result. Each attempt counts.");
        meter.CreateObservableCounter("registry.s3.retries", () => Interlocked.Read(ref _retries), "{retry}", "Requests to S3 that were repeated after a fault.");
        meter.CreateObservableCounter("registry.s3.sent", () => Interlocked.Read(ref _sent), "By", "Bytes of objects and parts that were sent to S3.");
        meter.CreateObservableCounter("registry.s3.received", () => Interlocked.Read(ref _received), "By", "Bytes of objects that were read from S3.");
        meter.CreateObservableGauge("registry.s3.circuit.open", () => isOpen() ? 1 : 0, null, "1 while requests to S3 are refused because it does not work, else 0.");
        meter.CreateObservableUpDownCounter("registry.s3.upload_memory.used", () => memory.Used, "By", "Memory of uploads that wait for a part.");
        meter.CreateObservableUpDownCounter("registry.s3.upload_memory.limit", () => memory.Limit, "By", "Limit of the memory of uploads that wait for a part.");
        meter.CreateObservableUpDownCounter(
            "registry.s3.deletions.waiting", () => waiting().Count, "{object}", "Objects that are to be deleted, now or later, as of the last round of deletions.");
        meter.CreateObservableGauge(
            "registry.s3.deletions.overdue",
            () => waiting().Overdue,
            "s",
            "Time since which the oldest object is due that has not been deleted, as of the last round of deletions; 0 without one.");
    }

    /// <summary>Counts and measures a request.</summary>
    /// <param name="operation">Its kind.</param>
    /// <param name="exchange">Sends it, and returns when the head of the answer is there.</param>
    /// <param name="cancellationToken">The token with which its caller cancels it.</param>
    public async Task<T> MeasureAsync<T>(S3Operation operation, Func<Task<T>> exchange, CancellationToken cancellationToken)
    {
        var startedAt = Stopwatch.GetTimestamp();
        try
        {
            var answer = await exchange();
            Count(operation, answer is HttpResponseMessage { StatusCode: HttpStatusCode.NotFound } ? S3Result.NotFound : S3Result.Ok, startedAt);
            return answer;
        }
        catch (Exception e)
        {
            Count(operation, cancellationToken.IsCancellationRequested ? S3Result.Cancelled : S3Fault.Of(e)?.Result ?? S3Result.NoAnswer, startedAt);
            throw;
        }
    }

    /// <summary>Counts a repetition.</summary>
    public void Repeated() => Interlocked.Increment(ref _retries);

    /// <summary>Counts bytes that a connection has taken.</summary>
    public void Sent(long bytes) => Interlocked.Add(ref _sent, bytes);

    /// <summary>Counts bytes that were read.</summary>
    public void Received(long bytes) => Interlocked.Add(ref _received, bytes);

    private void Count(S3Operation operation, S3Result result, long startedAt)
    {
        Interlocked.Increment(ref _requests[(int)operation, (int)result]);
        _duration?.Record(Stopwatch.GetElapsedTime(startedAt).TotalSeconds, Operations[(int)operation]);
    }

    private IEnumerable<Measurement<long>> ReadRequests()
    {
        for (var operation = 0; operation < Operations.Length; operation++)
        {
            for (var result = 0; result < Results.Length; result++)
            {
                yield return new Measurement<long>(Interlocked.Read(ref _requests[operation, result]), Operations[operation], Results[result]);
            }
        }
    }

    private static KeyValuePair<string, object?>[] Labels(string name, params string[] values) => [.. values.Select(value => KeyValuePair.Create(name, (object?)value))];
}
