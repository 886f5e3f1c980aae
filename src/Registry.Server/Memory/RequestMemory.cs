using Microsoft.Extensions.Logging;
using Registry.Server.Telemetry.Logs;

namespace Registry.Server.Memory;

/// <summary>
/// Memory that clients can make the process hold, as far as it is not bounded by the number of connections. Each kind has a part of its own, so that
/// listings do not keep manifests out.
/// </summary>
internal sealed partial class RequestMemory
{
    private const long MiB = 1024 * 1024;

    /// <summary>Smallest default, in bytes.</summary>
    public const long LeastDefault = 32 * MiB;

    /// <summary>Largest default, in bytes.</summary>
    public const long MostDefault = 1024 * MiB;

    /// <summary>
    /// Least multiple of the largest manifest. Its body takes up to 1.5 times its size while its buffer grows, and the budget of bodies is a quarter.
    /// </summary>
    public const int ManifestsThatFit = 8;

    /// <summary>
    /// Bytes of a request over HTTP/2 that waits: what Kestrel and the registry keep for its stream, and a piece of its answer
    /// (<see cref="Http.Bodies.BodyWriting.LeastPiece"/>).
    /// </summary>
    public const int Stream = 32 * 1024;

    // Each of them takes memory of its own while it waits.
    private const int MostWaitingStreams = 128;

    // Of the bodies and streams, nearly all of which are small. Listings have none: a page may need half of their memory.
    private const int PartInReserve = 8;

    // Larger buffers than this have not made uploads faster.
    private const long MostBuffers = 64 * MiB;

    private readonly ILogger _logger;
    private readonly WarningInterval _used;
    private readonly WarningInterval _reported;
    private long _exhausted;

    /// <param name="total">Bytes of all kinds together.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public RequestMemory(long total, TimeProvider time, ILogger<RequestMemory> logger)
    {
        _logger = logger;
        _used = new WarningInterval(time);
        _reported = new WarningInterval(time);
        Total = total;
        Buffers = Math.Min(total / 4, MostBuffers);
        Bodies = new MemoryBudget(total / 4, time, Warn, reserve: total / 4 / PartInReserve);
        Listings = new MemoryBudget(total / 4, time, Warn);
        Rows = new MemoryBudget(total / 8, time, Warn);
        Streams = new MemoryBudget(total / 8, time, Warn, MostWaitingStreams, total / 8 / PartInReserve);
    }

    /// <summary>Bytes of all kinds together.</summary>
    public long Total { get; }

    /// <summary>Manifests and forms, from their first byte until they are processed.</summary>
    public MemoryBudget Bodies { get; }

    /// <summary>Pages of tags, repositories and referrers, until they are sent.</summary>
    public MemoryBudget Listings { get; }

    /// <summary>Rows of listings while they are made, and manifests while they are read and stored, neither of which waits for clients.</summary>
    public MemoryBudget Rows { get; }

    /// <summary>
    /// Requests over HTTP/2, and pieces of their answers. The number of connections does not bound them: each connection has up to a hundred, and a
    /// client decides when their answers are sent.
    /// </summary>
    public MemoryBudget Streams { get; }

    /// <summary>Bytes of large buffers of connections, above which connections get small ones only.</summary>
    public long Buffers { get; }

    /// <summary>Number of requests that met the limit of the whole process.</summary>
    public long Exhausted => Interlocked.Read(ref _exhausted);

    /// <summary>Default of the total: a quarter of the heap, and enough for two of the largest manifests.</summary>
    /// <param name="largestManifest">Size of the largest manifest, in bytes.</param>
    public static long Default(long largestManifest) => Math.Max(
        ManifestsThatFit * largestManifest,
        Math.Clamp(ProcessMemoryLimits.OfProcess.WholeHeap / 4, LeastDefault, MostDefault));

    /// <summary>Counts a request that met the limit of the whole process, and warns once a minute at most.</summary>
    public void ReportExhausted(OutOfMemoryException exception)
    {
        Interlocked.Increment(ref _exhausted);
        if (_reported.TryBegin())
        {
            LogExhausted(GC.GetGCMemoryInfo().HeapSizeBytes / MiB, ProcessMemoryLimits.OfProcess.WholeHeap / MiB, exception.Message);
        }
    }

    private void Warn()
    {
        if (_used.TryBegin())
        {
            LogUsed(Bodies.Used / MiB, Bodies.Limit / MiB, Listings.Used / MiB, Listings.Limit / MiB, Streams.Used / MiB, Streams.Limit / MiB);
        }
    }

    [LoggerMessage(1, LogLevel.Warning,
        "Memory for requests is used up (bodies {Bodies} of {MaxBodies} MiB, listings {Listings} of {MaxListings} MiB, HTTP/2 {Streams} of {MaxStreams} MiB); some requests are answered with 429 or 503. "
        + "If the clients are honest, raise REGISTRY_REQUEST_MEMORY; the access log (REGISTRY_ACCESS_LOG) shows their addresses. Repeated once a minute at most")]
    private partial void LogUsed(long bodies, long maxBodies, long listings, long maxListings, long streams, long maxStreams);

    [LoggerMessage(2, LogLevel.Warning,
        "The process has no memory left for a request (heap {Heap} of {MaxHeap} MiB after the last collection: {Reason}); some requests are answered with 503. "
        + "Give the process more memory, or lower REGISTRY_MAX_CONNECTIONS or REGISTRY_REQUEST_MEMORY. Repeated once a minute at most")]
    private partial void LogExhausted(long heap, long maxHeap, string reason);
}
