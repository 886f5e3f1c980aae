namespace Registry.Core.Layouts;

/// <summary>A layout that is written: a folder or an archive. When it is disposed before it was finished, nothing is left of it.</summary>
internal interface ILayoutTarget : IAsyncDisposable
{
    /// <summary>Writes a file.</summary>
    /// <param name="path">Its path in the layout, with slashes.</param>
    /// <param name="content">Its bytes; the length is known.</param>
    /// <param name="cancellationToken">Ends it.</param>
    Task WriteAsync(string path, Stream content, CancellationToken cancellationToken);

    /// <summary>Makes the layout durable and gives it its name.</summary>
    Task FinishAsync(CancellationToken cancellationToken);
}
