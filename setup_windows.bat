@echo off
rem Make the virtual environment in venv\ and install the pinned packages; done before, it takes a moment.
rem   setup_windows.bat [EXTRA ...]     extras: rag, gpu, langchain, test, dev (see pyproject.toml)
rem   A Python of your choice:          set "PYTHON=C:\path\to\python.exe"
rem   A build of PyTorch of your choice: set "AKACHAT_TORCH=cpu" (or cu126, cu130, plain)
rem With an NVIDIA GPU the build of PyTorch with CUDA is taken from PyTorch's own index (tools\machine.py decides).
setlocal EnableExtensions DisableDelayedExpansion
chcp 65001 >nul
set "PYTHONUTF8=1"
cd /d "%~dp0"

if not exist "venv\Scripts\python.exe" goto find
"venv\Scripts\python.exe" -E -s -S -m tools.install --check %* 2>nul
if not errorlevel 1 exit /b 0

:find
set "FOUND="
if not defined PYTHON goto launcher
"%PYTHON%" -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul
if errorlevel 1 goto bad_choice
"%PYTHON%" -E -s -m tools.install %*
goto end

:launcher
py -3.13 -c "import ensurepip, venv" >nul 2>nul && set "FOUND=py -3.13" && goto install
py -3.12 -c "import ensurepip, venv" >nul 2>nul && set "FOUND=py -3.12" && goto install
py -3.11 -c "import ensurepip, venv" >nul 2>nul && set "FOUND=py -3.11" && goto install
python -c "import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul && set "FOUND=python" && goto install
goto no_python

:install
%FOUND% -E -s -m tools.install %*
goto end

:no_python
echo akachat needs Python 3.11 or newer; none was found.
echo   Get it by:  winget install Python.Python.3.13
echo   or from https://www.python.org/downloads/windows/ (64-bit), then run this again.
goto failed

:bad_choice
echo PYTHON=%PYTHON% is no working Python of 3.11 or newer.
goto failed

:end
if not errorlevel 1 exit /b 0

:failed
rem A window opened by a double click would close before anyone could read why.
if not defined AKACHAT_NO_PAUSE pause
exit /b 1
