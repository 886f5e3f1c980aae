using System.Globalization;

namespace Registry.Server.Commands;

/// <summary>Terminal or pipes of the process, for commands that need more than lines of text.</summary>
internal sealed record Terminal
{
    private const int UsualColumns = 80;
    private const int MaxTextColumns = 100;
    private const int MinTextColumns = 40;

    /// <summary>Neither terminal nor input.</summary>
    public static Terminal None { get; } = new();

    /// <summary>Opens standard input for text.</summary>
    public Func<TextReader> OpenText { get; init; } = () => TextReader.Null;

    /// <summary>Opens standard input for bytes.</summary>
    public Func<Stream> OpenInput { get; init; } = () => Stream.Null;

    /// <summary>Opens standard output for bytes.</summary>
    public Func<Stream> OpenOutput { get; init; } = () => Stream.Null;

    /// <summary>Waits for a key without showing it; null when standard input is not a terminal.</summary>
    public Func<ConsoleKeyInfo>? ReadKey { get; init; }

    /// <summary>Width of standard output in columns; null when it is not a terminal.</summary>
    public Func<int>? OutputColumns { get; init; }

    /// <summary>Width of standard error in columns, read for every line since windows change; null when it is not a terminal.</summary>
    public Func<int>? ErrorColumns { get; init; }

    /// <summary>Columns that help is wrapped to: those of the terminal, at most 100; 80 without a terminal.</summary>
    public int TextColumns => Math.Clamp(OutputColumns?.Invoke() ?? UsualColumns, MinTextColumns, MaxTextColumns);

#pragma warning disable RS0030 // Commands see the console through this class.
    /// <summary>
    /// Creates the terminal of this process. The variable COLUMNS overrides the width of the terminal. Nothing is opened before it is needed:
    /// the library writes to a terminal when it first reads from it.
    /// </summary>
    public static Terminal OfProcess(IReadOnlyDictionary<string, string> environment)
    {
        int? columns = int.TryParse(environment.GetValueOrDefault("COLUMNS"), NumberStyles.None, CultureInfo.InvariantCulture, out var set) && set > 0 ? set : null;
        return new Terminal
        {
            OpenText = () => Console.In,
            OpenInput = () => new PipeStream(Console.OpenStandardInput()),
            OpenOutput = () => new PipeStream(Console.OpenStandardOutput()),
            ReadKey = Console.IsInputRedirected ? null : () => Console.ReadKey(intercept: true),
            OutputColumns = columns is { } fix ? () => fix : Console.IsOutputRedirected ? null : WindowColumns,
            ErrorColumns = Console.IsErrorRedirected ? null : () => columns ?? WindowColumns(),
        };
    }

    // A terminal of unknown size reports 0.
    private static int WindowColumns() => Console.WindowWidth is > 0 and var width ? width : UsualColumns;
#pragma warning restore RS0030
}
